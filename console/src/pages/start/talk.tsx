// SPDX-License-Identifier: Apache-2.0
// Says a word to the built-in device (it plays a recording to itself) and shows
// what its model took it for.
import { Badge, Group, Paper, Progress, SimpleGrid, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { send } from '../../api/client';
import { useProject } from '../../api/session';
import { callErrorText } from '../devices/words';
import { GuardedButton } from '../../components/guarded';
import type { Speech } from './tour';

interface Heard {
  said: string;
  heard: { label: string; score: number }[];
  model: { package: string; version: string } | null;
}
const words = ['yes', 'no', 'stop', 'go'];
const MOST = 5;

function best(answer: Heard): { label: string; score: number } | undefined {
  return [...answer.heard].sort((a, b) => b.score - a.score)[0];
}

function HeardRow(props: { answer: Heard }) {
  const { answer } = props;
  const top = best(answer);
  const right = top?.label === answer.said;
  return (
    <Paper withBorder p="xs" data-said={answer.said} data-heard={top?.label ?? ''}>
      <Group justify="space-between" gap="xs">
        <Text size="sm">
          You said <b>{answer.said}</b>, {answer.model ? <span className="gw-mono">{answer.model.version}</span> : 'it'} heard{' '}
          <b className="gw-text">{top ? top.label : 'nothing it knows'}</b>
        </Text>
        <Badge c="bright" color={right ? 'green' : 'gray'} variant="light" tt="none">{right ? 'right' : 'not known to this model'}</Badge>
      </Group>
      {top ? <Progress mt={6} size="sm" value={top.score * 100} color={right ? 'green' : 'gray.5'} aria-label={`sure to ${Math.round(top.score * 100)} %`} /> : null}
    </Paper>
  );
}

export function Talk(props: { deviceId: string; onHeard?: (said: string, heard: string) => void }) {
  const { api } = useProject();
  const [busy, setBusy] = useState('');
  const [failure, setFailure] = useState('');
  const [answers, setAnswers] = useState<Heard[]>([]);
  const say = async (word: string) => {
    setBusy(word);
    setFailure('');
    try {
      const path = api(`devices/${encodeURIComponent(props.deviceId)}/rpc`);
      const { data } = await send<{ data: { detail: Heard } }>('POST', path, { body: { method: 'say', params: [word], timeout: 15 } });
      setAnswers((before) => [data.data.detail, ...before].slice(0, MOST));
      props.onHeard?.(word, best(data.data.detail)?.label ?? '');
    } catch (error) {
      setFailure(callErrorText(error));
    } finally {
      setBusy('');
    }
  };
  return (
    <Stack gap="xs">
      <Group gap="xs">
        {words.map((word) => (
          <GuardedButton key={word} right="OPERATE" variant="light" onClick={() => void say(word)} loading={busy === word} disabled={busy !== '' && busy !== word}>
            Say “{word}”
          </GuardedButton>
        ))}
      </Group>
      {failure ? <Text size="sm" c="red" role="alert">{failure}</Text> : null}
      <Stack gap={6} aria-live="polite">
        {answers.map((answer, index) => <HeardRow key={answers.length - index} answer={answer} />)}
      </Stack>
    </Stack>
  );
}

function Figure(props: { value: string; label: string; good?: boolean }) {
  return (
    <Paper withBorder p="xs" ta="center">
      <Text fw={700} fz="xl" c={props.good ? 'green' : undefined} data-figure={props.label}>{props.value}</Text>
      <Text size="xs" c="dimmed">{props.label}</Text>
    </Paper>
  );
}

/** "Never restarted, never deaf", in numbers of the device itself. */
export function Figures(props: { speech: Speech }) {
  const { speech } = props;
  return (
    <SimpleGrid cols={{ base: 2, sm: 4 }} spacing="xs">
      <Figure value={String(speech.swaps)} label="models swapped in" />
      <Figure value={speech.windows.toLocaleString('en')} label="windows of sound heard" />
      <Figure value={String(speech.missed)} label="windows missed" good={speech.missed === 0} />
      <Figure value={`${Math.round(speech.longestGapMs)} ms`} label="longest gap" />
    </SimpleGrid>
  );
}
