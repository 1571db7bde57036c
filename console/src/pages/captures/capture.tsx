// SPDX-License-Identifier: Apache-2.0
// One capture: heard or seen, labelled, and on to the next by keyboard.
import { ActionIcon, Button, Grid, Group, Menu, Skeleton, Text, Tooltip } from '@mantine/core';
import { useLocalStorage } from '@mantine/hooks';
import { IconArrowLeft, IconArrowRight, IconDots, IconDownload, IconTrash } from '@tabler/icons-react';
import { useRef, useState } from 'react';
import { useLocation, useParams } from 'wouter';
import { ApiError, apiUrl } from '../../api/client';
import { useChange, useObject } from '../../api/queries';
import { useProject } from '../../api/session';
import type { Capture } from '../../api/types';
import { askDelete, tellDone, tellError } from '../../components/forms';
import { Failure, PageHead } from '../../components/page';
import { useParamsOf } from '../../components/params';
import { countText } from '../../components/values';
import type { Player } from './audio';
import { filterDefaults, searchOf, useLabels, useRememberLabel, useWalk, type Walk } from './data';
import { CaptureFacts } from './facts';
import { useKeys } from './keys';
import { DIGITS, KeyHelp, LabelPanel } from './label';
import { CaptureMedia, usePrefetch } from './media';

const UNDO_MAX = 100;

function Steps(props: { walk: Walk; onGo: (capture: Capture | undefined) => void }) {
  const { walk, onGo } = props;
  return (
    <Group gap={4} wrap="nowrap">
      <Tooltip label="Previous (k)">
        <ActionIcon variant="default" size="lg" aria-label="Previous capture" disabled={!walk.previous} onClick={() => onGo(walk.previous)}><IconArrowLeft size={18} /></ActionIcon>
      </Tooltip>
      <Tooltip label="Next (j)">
        <ActionIcon variant="default" size="lg" aria-label="Next capture" disabled={!walk.next} onClick={() => onGo(walk.next)}><IconArrowRight size={18} /></ActionIcon>
      </Tooltip>
    </Group>
  );
}

/** Gives labels, remembers them for undo, and goes on. */
function useLabelling(walk: Walk, capture: Capture | undefined, goTo: (id: string) => void, goOn: boolean) {
  const { api } = useProject();
  const change = useChange<Capture>('capture', 'overview');
  const remember = useRememberLabel();
  const undo = useRef<{ id: string; label: string }[]>([]);
  const [count, setCount] = useState(0);
  const path = (id: string) => api(`captures/${encodeURIComponent(id)}`);
  const give = (label: string) => {
    if (!capture || change.isPending) return;
    const { id, label: before } = capture;
    const { next } = walk;
    change.mutate({ method: 'PATCH', path: path(id), body: { label } }, {
      onSuccess: (answer) => {
        undo.current = [...undo.current, { id, label: before }].slice(-UNDO_MAX);
        setCount((n) => n + (label === '' ? 0 : 1));
        walk.replace(answer);
        remember(label);
        if (!goOn || label === '') return;
        if (next) goTo(next.id);
        else tellDone('That was the last one that fits the filter.');
      },
      onError: (error) => tellError(error, 'The label was not kept'),
    });
  };
  const takeBack = () => {
    const last = undo.current.at(-1);
    if (!last || change.isPending) return;
    change.mutate({ method: 'PATCH', path: path(last.id), body: { label: last.label } }, {
      onSuccess: (answer) => {
        undo.current = undo.current.slice(0, -1);
        setCount((n) => Math.max(0, n - 1));
        walk.replace(answer);
        goTo(last.id);
      },
      onError: (error) => tellError(error, 'It was not undone'),
    });
  };
  const remove = () => {
    if (!capture) return;
    const to = walk.next ?? walk.previous;
    askDelete('this capture', 'Its bytes and its label are gone for good.', () =>
      change.mutate({ method: 'DELETE', path: path(capture.id) }, {
        onSuccess: () => {
          undo.current = undo.current.filter((step) => step.id !== capture.id);
          goTo(to?.id ?? '');
          walk.remove(capture.id);
          tellDone('The capture is deleted.');
        },
        onError: (error) => tellError(error),
      }),
    );
  };
  return { give, takeBack, remove, busy: change.isPending, count, canUndo: undo.current.length > 0 };
}

export default function Page() {
  const id = decodeURIComponent(useParams<{ capture: string }>().capture);
  const { project, api, page, may } = useProject();
  const [, navigate] = useLocation();
  const [filter] = useParamsOf(filterDefaults);
  const search = searchOf(filter);
  const walk = useWalk(filter, id);
  const query = useObject<Capture>('capture', project, api(`captures/${encodeURIComponent(id)}`));
  // The walk's copy is there at once; what is read again is newer.
  const capture = query.data?.data ?? walk.current;
  const labels = useLabels();
  const player = useRef<Player | null>(null);
  const input = useRef<HTMLInputElement | null>(null);
  const [goOn, setGoOn] = useLocalStorage({ key: 'godwit.captures.goOn', defaultValue: true });
  const mayLabel = may('OPERATE');
  const goTo = (to: string) => navigate(page(to === '' ? 'captures' : `captures/${to}`) + search, { replace: true });
  const labelling = useLabelling(walk, capture, goTo, goOn);
  const onGo = (to: Capture | undefined) => to && goTo(to.id);
  usePrefetch(walk.next);
  const digits = Object.fromEntries(labels.slice(0, DIGITS).map((label, index) => [String(index + 1), () => mayLabel && labelling.give(label)]));
  useKeys({
    ...digits,
    j: () => onGo(walk.next), ArrowRight: () => onGo(walk.next),
    k: () => onGo(walk.previous), ArrowLeft: () => onGo(walk.previous),
    ' ': () => player.current?.toggle(),
    l: () => input.current?.focus(),
    ...(mayLabel ? { u: labelling.takeBack, x: labelling.remove } : {}),
  });
  const back = { href: page('captures') + search, label: 'Captures' };
  const labelMode = filter.labelled === 'false';
  const gone = query.error instanceof ApiError && query.error.status === 404;
  if (query.error && (gone || !capture)) return <Failure error={query.error} what="This capture" />;
  return (
    <>
      <PageHead title={labelMode ? 'Label captures' : 'Capture'} back={back}>
        {labelMode && labelling.count > 0 ? <Text size="sm" c="dimmed" role="status">{countText(labelling.count)} labelled</Text> : null}
        <Steps walk={walk} onGo={onGo} />
        <Button variant="default" component="a" href={apiUrl(api(`captures/${encodeURIComponent(id)}/content`))} download leftSection={<IconDownload size={16} />}>Download</Button>
        {mayLabel ? (
          <Menu position="bottom-end">
            <Menu.Target><ActionIcon variant="default" size="lg" aria-label="More"><IconDots size={18} /></ActionIcon></Menu.Target>
            <Menu.Dropdown>
              <Menu.Item disabled={!labelling.canUndo} onClick={labelling.takeBack}>Undo the last label</Menu.Item>
              <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={labelling.remove}>Delete…</Menu.Item>
            </Menu.Dropdown>
          </Menu>
        ) : null}
      </PageHead>
      <Grid gap="md">
        <Grid.Col span={{ base: 12, lg: 8 }}>
          {capture ? <CaptureMedia capture={capture} player={player} autoPlay={labelMode} /> : <Skeleton h={320} />}
          <Group mt="md"><KeyHelp /></Group>
        </Grid.Col>
        <Grid.Col span={{ base: 12, lg: 4 }}>
          {capture ? (
            <>
              <LabelPanel capture={capture} labels={labels} mayLabel={mayLabel} busy={labelling.busy} onLabel={labelling.give} input={input} goOn={goOn} onGoOn={setGoOn} />
              <div style={{ height: 16 }} />
              <CaptureFacts capture={capture} />
            </>
          ) : <Skeleton h={240} />}
        </Grid.Col>
      </Grid>
    </>
  );
}
