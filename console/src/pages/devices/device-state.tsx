// SPDX-License-Identifier: Apache-2.0
// A device's document: seen as a tree, changed at a path.
import { Alert, Button, Card, Group, SegmentedControl, SimpleGrid, Skeleton, Stack, Text, Textarea, TextInput, Title } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useEffect, useRef, useState } from 'react';
import { ApiError, getObject } from '../../api/client';
import { useChange, useObject } from '../../api/queries';
import { useProject } from '../../api/session';
import { askDelete, tellConflict, tellDone, tellError } from '../../components/forms';
import { Failure } from '../../components/page';
import type { DeviceTabProps } from './device';
import { showErrorAt, useDraft } from './editing';
import { JsonTree, type Json } from './json-tree';
import { GuardedButton } from './parts';

const empty = { path: 'desired', value: '', how: 'merge' };
type Values = typeof empty;

/** Where in the text it goes wrong, as far as the browser says. */
function jsonProblem(text: string): string | null {
  if (text.trim() === '') return 'Enter a JSON value: {"lamp": true}, 42, "text", …';
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return `This is not JSON: ${(error as Error).message}`;
  }
}
function valueProblem(text: string, values: Values): string | null {
  const problem = jsonProblem(text);
  if (problem !== null || values.how !== 'merge') return problem;
  const value: unknown = JSON.parse(text);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? null : 'To change members it must be an object {…}; choose “replace” for other values';
}
function pathProblem(path: string): string | null {
  return /(^|\/)\.{1,2}(\/|$)|\/\//.test(path) ? 'Names separated by one slash: desired/lamp' : null;
}
function at(value: Json, path: string): Json | undefined {
  let found: Json | undefined = value;
  for (const name of path.split('/').filter((n) => n !== '')) {
    if (typeof found !== 'object' || found === null || Array.isArray(found)) return undefined;
    found = (found as Record<string, Json>)[name];
  }
  return found;
}
function restPath(deviceId: string, path: string): string {
  const names = path.split('/').filter((name) => name !== '').map(encodeURIComponent);
  return [`devices/${deviceId}/data`, ...names].join('/');
}

function Editor(props: { deviceId: string; state: Json; selected: React.RefObject<((path: string[]) => void) | null>; onPath: (path: string) => void }) {
  const { api, may } = useProject();
  const { deviceId } = props;
  const form = useForm<Values>({ initialValues: empty, validate: { path: pathProblem, value: valueProblem } });
  const draft = useDraft(form, `state.${deviceId}`);
  // What stood there when it was taken over to edit: who replaces it meanwhile is noticed.
  const taken = useRef<{ path: string; text: string } | null>(null);
  const change = useChange<Json>('state');
  const values = form.getValues();
  const current = at(props.state, values.path);
  const load = (path: string) => {
    getObject<Json>(api(restPath(deviceId, path))).then((answer) => {
      taken.current = { path, text: JSON.stringify(answer.data) };
      form.setValues({ path, value: JSON.stringify(answer.data, null, 2), how: 'replace' });
      form.clearErrors();
    }).catch((error: unknown) => tellError(error));
  };
  props.selected.current = (path) => load(path.join('/'));
  useEffect(() => props.onPath(values.path), [values.path]);
  const submit = form.onSubmit(async (sent) => {
    const before = taken.current;
    const now = JSON.stringify(current ?? null);
    if (sent.how === 'replace' && before?.path === sent.path && before.text !== now) {
      taken.current = { path: sent.path, text: now }; // told once: the next time it is meant
      tellConflict({ message: 'What stands at this path is not what you took over: the device or somebody else has written to it.' }, () => load(sent.path));
      return;
    }
    try {
      await change.mutateAsync({ method: sent.how === 'merge' ? 'PATCH' : 'PUT', path: api(restPath(deviceId, sent.path)), body: JSON.parse(sent.value) as unknown });
      taken.current = null;
      draft.forget();
      tellDone('Saved; the device is told if it listens');
    } catch (error) {
      if (error instanceof ApiError && error.field === 'path') form.setFieldError('path', error.message);
      else showErrorAt(form, error, 'value');
    }
  });
  const remove = () => askDelete(values.path === '' ? 'the whole state' : values.path, 'What stands there is gone. The device is told if it listens.', () => {
    change.mutate({ method: 'DELETE', path: api(restPath(deviceId, values.path)) }, { onSuccess: () => tellDone('Deleted'), onError: (error) => tellError(error) });
  });
  return (
    <form onSubmit={(event) => void submit(event)} noValidate>
      <Stack gap="sm">
        <TextInput label="Path" description="desired/lamp, say; empty for all of it. By custom you write below “desired”, the device below “reported”." classNames={{ input: 'gw-mono' }} {...form.getInputProps('path')} />
        <SegmentedControl aria-label="How" data={[{ value: 'merge', label: 'Change members' }, { value: 'replace', label: 'Replace' }]} {...form.getInputProps('how')} />
        <Textarea label="Value" description={values.how === 'merge' ? 'An object: its members are set, null removes one, others stay.' : 'Any JSON value: it stands there alone afterwards.'}
          autosize minRows={5} maxRows={18} spellCheck={false} classNames={{ input: 'gw-mono' }} {...form.getInputProps('value')} />
        <Group justify="space-between">
          <Button variant="default" size="xs" onClick={() => load(values.path)}>Take over what is there</Button>
          <Group gap="xs">
            <GuardedButton need="OPERATE" variant="default" disabled={current === undefined} onClick={remove}>Delete</GuardedButton>
            <GuardedButton need="OPERATE" type="submit" loading={change.isPending}>{values.how === 'merge' ? 'Change' : 'Replace'}</GuardedButton>
          </Group>
        </Group>
        {may('OPERATE') ? null : <Text size="xs" c="dimmed">Your role may look, not change.</Text>}
      </Stack>
    </form>
  );
}

export function DeviceState(props: DeviceTabProps) {
  const { project, api } = useProject();
  const state = useObject<Json>('state', project, api(`devices/${props.device.id}/data`));
  const [path, setPath] = useState('');
  const select = useRef<((path: string[]) => void) | null>(null);
  if (state.data === undefined) return state.error ? <Failure error={state.error} /> : <Skeleton h={240} />;
  const value = state.data.data;
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }}>
      <Card withBorder component="section" aria-label="State now">
        <Group justify="space-between" mb="sm">
          <Title order={2} size="h4">Now</Title>
          <Text size="xs" c="dimmed">{new Blob([JSON.stringify(value)]).size.toLocaleString('en')} of 16,383 bytes</Text>
        </Group>
        {value === null ? <Alert color="gray" p="xs">Nothing yet: neither the device nor anybody else has written to it.</Alert> : <JsonTree value={value} selected={path} onSelect={(path) => select.current?.(path)} />}
      </Card>
      <Card withBorder component="section" aria-label="Change the state">
        <Title order={2} size="h4" mb="sm">Change</Title>
        <Editor deviceId={props.device.id} state={value} selected={select} onPath={setPath} />
      </Card>
    </SimpleGrid>
  );
}
