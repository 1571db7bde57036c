// SPDX-License-Identifier: Apache-2.0
import { Autocomplete, Badge, Button, Group, Kbd, Paper, Stack, Switch, Text, Title } from '@mantine/core';
import { useEffect, useState, type RefObject } from 'react';
import type { Capture } from '../../api/types';
import { TimeAgo } from '../../components/values';

/** Digits stand for the first nine labels. */
export const DIGITS = 9;

interface Props {
  capture: Capture;
  labels: string[];
  mayLabel: boolean;
  busy: boolean;
  onLabel: (label: string) => void;
  input: RefObject<HTMLInputElement | null>;
  goOn: boolean;
  onGoOn: (goOn: boolean) => void;
}

function Typed(props: Props) {
  const [text, setText] = useState('');
  useEffect(() => setText(''), [props.capture.id]);
  const give = (label: string) => {
    if (label.trim() === '') return;
    props.onLabel(label.trim());
    setText('');
    props.input.current?.blur();
  };
  return (
    <form onSubmit={(event) => { event.preventDefault(); give(text); }}>
      <Group gap="xs" wrap="nowrap">
        <Autocomplete ref={props.input} aria-label="Another label" placeholder="Another label" data={props.labels} value={text} onChange={setText} onOptionSubmit={give} maxLength={64} flex={1}
          onKeyDown={(event) => event.key === 'Escape' && props.input.current?.blur()} />
        <Button type="submit" variant="light" disabled={text.trim() === ''}>Give it</Button>
      </Group>
    </form>
  );
}

export function LabelPanel(props: Props) {
  const { capture, labels, mayLabel } = props;
  return (
    <Paper withBorder p="md" component="section" aria-label="Label">
      <Stack gap="sm">
        <Group justify="space-between">
          <Title order={2} size="h4">Label</Title>
          {capture.label ? (
            <Group gap={6}>
              <Badge size="lg" tt="none" className="gw-text" data-testid="label">{capture.label}</Badge>
              {capture.labelledAt ? <Text size="xs" c="dimmed"><TimeAgo time={capture.labelledAt} /></Text> : null}
            </Group>
          ) : <Text size="sm" c="dimmed" data-testid="label">none</Text>}
        </Group>
        {mayLabel ? (
          <>
            {labels.length === 0 ? <Text size="sm" c="dimmed">No labels yet: type the first.</Text> : null}
            <Group gap={6}>
              {labels.slice(0, 2 * DIGITS).map((label, index) => (
                <Button key={label} size="xs" variant={label === capture.label ? 'filled' : 'default'} onClick={() => props.onLabel(label)} disabled={props.busy}
                  leftSection={index < DIGITS ? <Kbd size="xs">{index + 1}</Kbd> : undefined}>
                  <span className="gw-text">{label}</span>
                </Button>
              ))}
              {capture.label ? <Button size="xs" variant="subtle" color="gray" onClick={() => props.onLabel('')} disabled={props.busy}>Take it away</Button> : null}
            </Group>
            <Typed {...props} />
            <Switch size="sm" label="Go to the next one after a label" checked={props.goOn} onChange={(event) => props.onGoOn(event.currentTarget.checked)} />
          </>
        ) : <Text size="sm" c="dimmed">Viewers cannot label: ask an operator or an admin.</Text>}
      </Stack>
    </Paper>
  );
}

const keys: [string[], string][] = [
  [['1', '–', '9'], 'give a label'], [['l'], 'type a label'], [['j', '→'], 'next'], [['k', '←'], 'previous'],
  [['Space'], 'play, pause'], [['u'], 'undo the last label'], [['x'], 'delete'],
];
export function KeyHelp() {
  return (
    <Group gap="md" visibleFrom="sm" role="note" aria-label="Keys">
      {keys.map(([names, what]) => (
        <Text key={what} size="xs" c="dimmed">
          {names.map((name) => (name === '–' ? ' – ' : <Kbd key={name} size="xs" mr={2}>{name}</Kbd>))} {what}
        </Text>
      ))}
    </Group>
  );
}
