// SPDX-License-Identifier: Apache-2.0
// Calls to a device, and what came back, for as long as this tab is open.
import { Badge, Card, Code, Group, NumberInput, SimpleGrid, Stack, Text, Textarea, TextInput, Title } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import { ApiError } from '../../api/client';
import { useChange } from '../../api/queries';
import { useProject } from '../../api/session';
import type { DeviceTabProps } from './device';
import { useDraft } from './editing';
import { GuardedButton } from './parts';
import { callErrorText, statusText } from './words';

interface Call {
  id: number;
  at: string;
  method: string;
  params: string;
  ms: number;
  statusCode?: number;
  detail?: unknown;
  problem?: string;
}
const CALLS_MAX = 50;

function useCalls(deviceId: string): [Call[], (call: Omit<Call, 'id'>) => void] {
  const key = `godwit.calls.${deviceId}`;
  const [calls, setCalls] = useState<Call[]>(() => {
    try {
      return JSON.parse(sessionStorage.getItem(key) ?? '[]') as Call[];
    } catch {
      return [];
    }
  });
  const add = (call: Omit<Call, 'id'>) => setCalls((before) => {
    const next = [{ ...call, id: (before[0]?.id ?? 0) + 1 }, ...before].slice(0, CALLS_MAX);
    sessionStorage.setItem(key, JSON.stringify(next));
    return next;
  });
  return [calls, add];
}

function paramsProblem(text: string): string | null {
  if (text.trim() === '') return null;
  try {
    return Array.isArray(JSON.parse(text)) ? null : 'A list in square brackets: ["kitchen", 3]';
  } catch (error) {
    return `This is not JSON: ${(error as Error).message}`;
  }
}

function CallCard(props: { call: Call; onAgain: () => void }) {
  const { call } = props;
  const good = call.statusCode === 0;
  return (
    <Card withBorder p="sm" component="article" aria-label={`Call of ${call.method}`}>
      <Group justify="space-between" gap="xs">
        <Group gap="xs">
          <Code className="gw-text">{call.method}({call.params === '[]' ? '' : call.params.slice(1, -1)})</Code>
          <Badge size="sm" variant="light" tt="none" color={good ? 'green' : 'red'}>{call.problem ? 'no answer' : statusText(call.statusCode ?? 2)}</Badge>
        </Group>
        <Group gap="xs">
          <Text size="xs" c="dimmed">{call.ms} ms · <time dateTime={call.at}>{new Date(call.at).toLocaleTimeString('en-GB')}</time></Text>
          <GuardedButton need="OPERATE" size="compact-xs" variant="default" onClick={props.onAgain}>Again</GuardedButton>
        </Group>
      </Group>
      {call.problem ? <Text size="sm" mt="xs">{call.problem}</Text> : null}
      {call.detail !== undefined && call.detail !== null ? <Code block mt="xs" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>{JSON.stringify(call.detail, null, 2)}</Code> : null}
    </Card>
  );
}

export function DeviceRpc(props: DeviceTabProps) {
  const { device, virtual } = props;
  const { api } = useProject();
  const [calls, add] = useCalls(device.id);
  const form = useForm({
    initialValues: { method: virtual ? 'say' : '', params: virtual ? '["yes"]' : '', timeout: 10 as number | string },
    validate: {
      method: (value) => (value.trim() === '' ? 'What the device’s program calls it' : null),
      params: paramsProblem,
      timeout: (value) => (Number(value) >= 0.1 && Number(value) <= 60 ? null : '0.1 to 60 seconds'),
    },
  });
  useDraft(form, `rpc.${device.id}`);
  const change = useChange<{ statusCode: number; detail: unknown }>();
  const call = async (method: string, params: string, timeout: number) => {
    const begun = performance.now();
    const entry = { at: new Date().toISOString(), method, params: JSON.stringify(JSON.parse(params || '[]')) };
    try {
      const answer = await change.mutateAsync({ method: 'POST', path: api(`devices/${device.id}/rpc`), body: { method, params: JSON.parse(params || '[]') as unknown, timeout } });
      add({ ...entry, ms: Math.round(performance.now() - begun), statusCode: answer.statusCode, detail: answer.detail });
    } catch (error) {
      const field = error instanceof ApiError ? error.field : undefined;
      if (field !== undefined && field in form.getValues()) form.setFieldError(field, (error as Error).message);
      else add({ ...entry, ms: Math.round(performance.now() - begun), problem: callErrorText(error) });
    }
  };
  const submit = form.onSubmit((values) => void call(values.method.trim(), values.params, Number(values.timeout)));
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }}>
      <Card withBorder component="section" aria-label="New call">
        <Title order={2} size="h4" mb="sm">Call a method</Title>
        <form onSubmit={submit} noValidate>
          <Stack gap="sm">
            <TextInput label="Method" required maxLength={63} classNames={{ input: 'gw-mono' }} description="What the device’s program registered: reboot, set_rate, …" {...form.getInputProps('method')} />
            <Textarea label="Parameters" placeholder='["kitchen", 3]' autosize minRows={2} maxRows={8} spellCheck={false} classNames={{ input: 'gw-mono' }} description="A JSON list, or nothing." {...form.getInputProps('params')} />
            <NumberInput label="Wait at most (seconds)" min={0.1} max={60} w={200} {...form.getInputProps('timeout')} />
            <Group justify="flex-end">
              <GuardedButton need="OPERATE" type="submit" loading={change.isPending}>Call</GuardedButton>
            </Group>
          </Stack>
        </form>
      </Card>
      <Stack gap="sm" role="region" aria-label="Calls of this browser tab" aria-live="polite">
        <Title order={2} size="h4">Answers</Title>
        {calls.length === 0 ? <Text size="sm" c="dimmed">What the device answers shows here. A device answers only while it is online.</Text> : null}
        {calls.map((each) => <CallCard key={each.id} call={each} onAgain={() => void call(each.method, each.params, Number(form.getValues().timeout) || 10)} />)}
      </Stack>
    </SimpleGrid>
  );
}
