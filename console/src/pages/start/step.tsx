// SPDX-License-Identifier: Apache-2.0
import { Badge, Card, Group, Stack, Text, ThemeIcon, Title } from '@mantine/core';
import { IconCheck } from '@tabler/icons-react';
import type { ReactNode } from 'react';

export type StepState = 'done' | 'now' | 'later';

/** One numbered step: what it is for, what to press, whether it is done. */
export function Step(props: { number: number; title: string; state: StepState; help: ReactNode; children?: ReactNode }) {
  const { state } = props;
  const titleId = `step-${props.number}`;
  return (
    <Card withBorder component="section" aria-labelledby={titleId} data-step={props.number} data-state={state}>
      <Group align="flex-start" wrap="nowrap">
        <ThemeIcon radius="xl" size={36} variant={state === 'later' ? 'light' : 'filled'} color={state === 'done' ? 'green' : state === 'now' ? 'cyan' : 'gray'} aria-hidden>
          {state === 'done' ? <IconCheck size={20} /> : <Text span fw={700} inherit>{props.number}</Text>}
        </ThemeIcon>
        <Stack gap="xs" flex={1} miw={0}>
          <Group gap="xs" mih={36}>
            <Title order={2} size="h4" id={titleId}>{props.title}</Title>
            {state === 'done' ? <Badge c="bright" color="green" variant="light" tt="none">done</Badge> : null}
          </Group>
          <Text size="sm" c="dimmed">{props.help}</Text>
          {props.children}
        </Stack>
      </Group>
    </Card>
  );
}
