// SPDX-License-Identifier: Apache-2.0
// One change for many devices: those that are ticked, or all that fit the filters.
import { Alert, Anchor, Button, Group, Menu, Modal, Paper, Stack, Text, Tooltip } from '@mantine/core';
import { IconChevronDown } from '@tabler/icons-react';
import { useState } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import { send } from '../../api/client';
import { useProject } from '../../api/session';
import { tellDone, tellError } from '../../components/forms';
import { countText } from '../../components/values';
import type { DeviceParams } from './filters';
import { BlueprintSelect, GuardedButton, TagSelect } from './parts';

type Action = 'addTags' | 'removeTags' | 'blueprint' | 'enable' | 'disable';
const titles: Record<Action, string> = {
  addTags: 'Add tags',
  removeTags: 'Remove tags',
  blueprint: 'Set the blueprint',
  enable: 'Enable',
  disable: 'Disable',
};

function devicesText(count: number): string {
  return count === 1 ? '1 device' : `${countText(count)} devices`;
}

function toBody(action: Action, tags: string[], blueprint: string): Record<string, unknown> {
  switch (action) {
    case 'addTags':
      return { addTagId: tags };
    case 'removeTags':
      return { removeTagId: tags };
    case 'blueprint':
      return { blueprintId: blueprint };
    default:
      return { enabled: action === 'enable' };
  }
}

interface Changed {
  matched: number;
  updated: number;
  remaining: number;
}
/** As many as the server changes in one call, in which it serves nobody else. */
const IDS_MAX = 400;

/** Every device, call by call; each call changes all of its devices or none. */
async function changeAll(path: string, which: { ids: string[] } | { filter: object }, body: object, onProgress: (done: number) => void): Promise<Changed> {
  const sum: Changed = { matched: 0, updated: 0, remaining: 0 };
  const call = async (some: object) => {
    const answer = (await send<{ data: Changed }>('POST', path, { body: { ...some, ...body } })).data.data;
    sum.updated += answer.updated;
    onProgress(sum.updated);
    return answer;
  };
  if ('ids' in which) {
    for (let i = 0; i < which.ids.length; i += IDS_MAX) sum.matched += (await call({ ids: which.ids.slice(i, i + IDS_MAX) })).matched;
    return sum;
  }
  let answer = await call(which);
  sum.matched = answer.matched;
  while (answer.remaining > 0 && answer.updated > 0) answer = await call(which);
  return sum;
}

const consequences: Record<Action, string> = {
  addTags: 'A release that asks for these tags may then reach them.',
  removeTags: 'A release that asks for these tags no longer reaches them: they go back to what else fits.',
  blueprint: 'What devices get depends on it: releases, artifacts and settings of the blueprint.',
  enable: 'They are let in again when they next connect.',
  disable: 'They are not let in any more, and get no updates, until they are enabled again.',
};

function Confirm(props: { action: Action; count: number; done: number | null; onClose: () => void; onConfirm: (body: Record<string, unknown>) => void }) {
  const { action } = props;
  const [tags, setTags] = useState<string[]>([]);
  const [blueprint, setBlueprint] = useState('');
  const asksTags = action === 'addTags' || action === 'removeTags';
  return (
    <Modal opened onClose={props.onClose} title={`${titles[action]}: ${devicesText(props.count)}`}>
      <Stack>
        {asksTags ? <TagSelect label="Tags" value={tags} onChange={setTags} /> : null}
        {action === 'blueprint' ? <BlueprintSelect label="Blueprint" value={blueprint} onChange={setBlueprint} description="Leave it empty to take the blueprint away." /> : null}
        <Text size="sm" c="dimmed">{consequences[action]}</Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={props.onClose}>Cancel</Button>
          <Button color={action === 'disable' ? 'red' : ''} loading={props.done === 0} disabled={props.done !== null || (asksTags && tags.length === 0)} onClick={() => props.onConfirm(toBody(action, tags, blueprint))}>
            {props.done ? `${countText(props.done)} of ${countText(props.count)}…` : titles[action]}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

export function BulkBar(props: { selected: Set<string>; onSelect: (selected: Set<string>) => void; params: DeviceParams; total: number; shown: number }) {
  const { selected, params, total } = props;
  const { api } = useProject();
  const [all, setAll] = useState(false);
  const [action, setAction] = useState<Action | null>(null);
  const client = useQueryClient();
  const [done, setDone] = useState<number | null>(null);
  // The server's filter for changes knows what stays true while it works.
  const volatile = params.status !== '' || params.version !== '';
  const count = all ? total : selected.size;
  const run = (body: Record<string, unknown>) => {
    const { term, tags, blueprintId, enabled } = params;
    const filter = {
      ...(term ? { term } : {}), ...(tags ? { tags: tags.split(',') } : {}), ...(blueprintId ? { blueprintId } : {}),
      ...(enabled ? { enabled: enabled === 'true' } : {}),
    };
    setDone(0);
    changeAll(api('devices/bulk'), all ? { filter } : { ids: [...selected] }, body, setDone)
      .then((sum) => {
        tellDone(sum.updated === sum.matched ? `${devicesText(sum.updated)} changed` : `${devicesText(sum.updated)} of ${countText(sum.matched)} changed; the others were so already`);
        setAction(null);
        props.onSelect(new Set());
      })
      .catch((error: unknown) => tellError(error, 'Not all were changed'))
      .finally(() => {
        setDone(null);
        for (const kind of ['device', 'rollout', 'overview']) void client.invalidateQueries({ queryKey: [kind] });
      });
  };
  return (
    <Paper withBorder p="xs" mb="sm" role="region" aria-label="Selection">
      <Group justify="space-between">
        <Group gap="sm">
          <Text size="sm" fw={600} role="status">{devicesText(count)} selected</Text>
          {!all && total > props.shown && selected.size >= props.shown ? (
            volatile
              ? <Tooltip label="Not with a filter by status or version: who fits changes while it is done."><Text size="sm" c="dimmed">this page only</Text></Tooltip>
              : <Anchor component="button" type="button" size="sm" onClick={() => setAll(true)}>Select all {countText(total)} that match</Anchor>
          ) : null}
          <Anchor component="button" type="button" size="sm" onClick={() => { setAll(false); props.onSelect(new Set()); }}>Clear</Anchor>
        </Group>
        <Menu position="bottom-end">
          <Menu.Target>
            <GuardedButton need="OPERATE" size="xs" rightSection={<IconChevronDown size={14} />}>Change</GuardedButton>
          </Menu.Target>
          <Menu.Dropdown>
            {(Object.keys(titles) as Action[]).map((key) => (
              <Menu.Item key={key} {...(key === 'disable' ? { color: 'red' } : {})} onClick={() => setAction(key)}>{titles[key]}…</Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      </Group>
      {all ? <Alert variant="light" color="yellow" mt="xs" p="xs">Everything that fits the filters, also on pages that are not shown.</Alert> : null}
      {action ? <Confirm action={action} count={count} done={done} onClose={() => setAction(null)} onConfirm={run} /> : null}
    </Paper>
  );
}
