// SPDX-License-Identifier: Apache-2.0
// How far a rollout is: one bar, a segment for each state, and the same in words.
import { Box, Group, Progress, Text, Tooltip } from '@mantine/core';
import type { Rollout, RolloutState } from '../../api/types';
import { countText } from '../../components/values';
import { states } from './words';

export function rolloutSummary(rollout: Rollout): string {
  if (rollout.targets === 0) return 'no device gets it';
  return states.filter(({ state }) => rollout.states[state] > 0)
    .map(({ state, label }) => `${countText(rollout.states[state])} ${label.toLowerCase()}`).join(', ');
}

export function RolloutBar(props: { rollout: Rollout; size?: string | number }) {
  const { rollout } = props;
  const total = Math.max(1, rollout.targets);
  return (
    <Tooltip label={rolloutSummary(rollout)} multiline maw={300}>
      <Progress.Root size={props.size ?? 'lg'} role="img" aria-label={rolloutSummary(rollout)}>
        {states.map(({ state, colour }) => (
          <Progress.Section key={state} value={(100 * rollout.states[state]) / total} color={colour} withAria={false} data-state={state} />
        ))}
      </Progress.Root>
    </Tooltip>
  );
}

export function StateMark(props: { colour: string }) {
  const [name, shade] = props.colour.split('.');
  return <Box w={10} h={10} flex="none" bg={`var(--mantine-color-${name}-${shade})`} style={{ borderRadius: 2 }} aria-hidden />;
}

/** The counts under the bar; each shows its devices when it is chosen. */
export function StateCounts(props: { rollout: Rollout; chosen: string; onChoose: (state: RolloutState | '') => void }) {
  return (
    <Group gap="xs" role="group" aria-label="States">
      {states.map(({ state, label, colour, help }) => {
        const on = props.chosen === state;
        return (
          <Tooltip key={state} label={`A device that ${help}`}>
            <Box component="button" type="button" aria-pressed={on} data-state={state} className="gw-state" mod={{ on }}
              onClick={() => props.onChoose(on ? '' : state)}>
              <Group gap={6} wrap="nowrap">
                <StateMark colour={colour} />
                <Text span size="sm">{label}</Text>
                <Text span size="sm" fw={700} data-count={state}>{countText(props.rollout.states[state])}</Text>
              </Group>
            </Box>
          </Tooltip>
        );
      })}
    </Group>
  );
}
