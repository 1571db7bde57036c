// SPDX-License-Identifier: Apache-2.0
// Talking to a virtual device: it plays a recording to its own model.
import { Card, Group, Progress, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { useChange, useObject } from '../../api/queries';
import { useProject } from '../../api/session';
import type { Device } from '../../api/types';
import { countText } from '../../components/values';
import { GuardedButton } from './parts';
import { callErrorText } from './words';

interface Said {
  said: string;
  heard: { label: string; score: number }[] | { label: string; score: number } | null;
  model: { package: string; version: string } | null;
}
interface Speech {
  model: { package: string; version: string } | null;
  windows: number;
  missed: number;
  swaps: number;
  longestGapMs: number;
}
const words = ['yes', 'no', 'stop', 'go', 'background'];

function heardList(heard: Said['heard']): { label: string; score: number }[] {
  if (heard === null || heard === undefined) return [];
  return Array.isArray(heard) ? heard : [heard];
}

function Answer(props: { answer: Said | null; problem: string; waiting: string }) {
  const { answer } = props;
  if (props.waiting) return <Text size="sm" c="dimmed">It listens to “{props.waiting}” …</Text>;
  if (props.problem) return <Text size="sm" c="red">{props.problem}</Text>;
  if (!answer) return <Text size="sm" c="dimmed">Press a word: a recording of it is played to the device, and its model says what it heard.</Text>;
  const heard = heardList(answer.heard);
  return (
    <Stack gap={6}>
      <Text size="sm">
        {heard.length === 0 ? <>To “{answer.said}” it said nothing{answer.model ? '' : ': it has no model yet'}.</> : <>It heard <b>{heard[0]!.label}</b>{heard[0]!.label === answer.said ? '' : `, and “${answer.said}” was said`}.</>}
        {answer.model ? <Text span size="sm" c="dimmed"> ({answer.model.package} {answer.model.version})</Text> : null}
      </Text>
      {heard.slice(0, 4).map((each, index) => (
        <Group key={index} gap="xs" wrap="nowrap">
          <Text size="xs" w={90} className="gw-text">{each.label}</Text>
          <Progress value={each.score * 100} w={140} aria-label={`how sure it was of ${each.label}`} />
          <Text size="xs" c="dimmed">{Math.round(each.score * 100)} %</Text>
        </Group>
      ))}
    </Stack>
  );
}

function Numbers(props: { speech: Speech | null | undefined }) {
  const { speech } = props;
  if (!speech || (speech.model === null && speech.windows === 0)) return <Text size="sm" c="dimmed">It listens as soon as it has a model: a release brings it one.</Text>;
  const facts: [string, string][] = [
    ['windows of audio heard', countText(speech.windows)], ['missed', countText(speech.missed)], ['models swapped', countText(speech.swaps)], ['longest gap', `${Math.round(speech.longestGapMs)} ms`],
  ];
  return (
    <Group gap="lg">
      {facts.map(([name, value]) => (
        <div key={name}>
          <Text fw={700} size="lg">{value}</Text>
          <Text size="xs" c="dimmed">{name}</Text>
        </div>
      ))}
    </Group>
  );
}

export function SayPanel(props: { device: Device }) {
  const { project, api } = useProject();
  const { device } = props;
  const [answer, setAnswer] = useState<Said | null>(null);
  const [problem, setProblem] = useState('');
  const [waiting, setWaiting] = useState('');
  const change = useChange<{ statusCode: number; detail: Said }>('state');
  const state = useObject<{ speech?: Speech } | null>('state', project, api(`devices/${device.id}/data`));
  const say = (word: string) => {
    setWaiting(word);
    setProblem('');
    change.mutate({ method: 'POST', path: api(`devices/${device.id}/rpc`), body: { method: 'say', params: [word], timeout: 15 } }, {
      onSuccess: (result) => {
        if (result.statusCode === 0) setAnswer(result.detail);
        else setProblem(`It could not play “${word}”.`);
      },
      onError: (error) => setProblem(callErrorText(error)),
      onSettled: () => setWaiting(''),
    });
  };
  return (
    <Card withBorder mb="md" component="section" aria-label="Talk to it">
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Stack gap="sm">
          <Title order={2} size="h4">Talk to it</Title>
          <Group gap="xs">
            {words.map((word) => (
              <GuardedButton key={word} need="OPERATE" variant="light" size="xs" disabled={device.status !== 'online' || waiting !== ''} onClick={() => say(word)}>{word}</GuardedButton>
            ))}
          </Group>
          <div aria-live="polite" data-testid="heard"><Answer answer={answer} problem={problem} waiting={waiting} /></div>
        </Stack>
        <Stack gap="sm">
          <Title order={2} size="h4">Always listening</Title>
          <Numbers speech={state.data?.data?.speech} />
        </Stack>
      </SimpleGrid>
    </Card>
  );
}
