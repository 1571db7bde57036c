// SPDX-License-Identifier: Apache-2.0
import { Group, List, Progress, Table, Text } from '@mantine/core';
import { IconCircleCheck, IconCircleX, IconHelpCircle } from '@tabler/icons-react';
import type { Compatibility } from '../../api/types';
import { countText } from '../../components/values';
import { Section } from './facts';

function Share(props: { row: Compatibility }) {
  const { row } = props;
  const total = Math.max(1, row.canRun + row.cannotRun + row.unknown);
  return (
    <Progress.Root size="sm" aria-hidden>
      <Progress.Section value={(100 * row.canRun) / total} color="teal.7" />
      <Progress.Section value={(100 * row.cannotRun) / total} color="red.7" />
      <Progress.Section value={(100 * row.unknown) / total} color="gray.5" />
    </Progress.Root>
  );
}

function Counts(props: { row: Compatibility }) {
  const { row } = props;
  return (
    <Group gap="md">
      {row.canRun > 0 ? <Group gap={4}><IconCircleCheck size={16} aria-hidden />{countText(row.canRun)} can run it</Group> : null}
      {row.cannotRun > 0 ? <Group gap={4}><IconCircleX size={16} aria-hidden />{countText(row.cannotRun)} cannot</Group> : null}
      {row.unknown > 0 ? <Group gap={4}><IconHelpCircle size={16} aria-hidden />{countText(row.unknown)} unknown</Group> : null}
    </Group>
  );
}

/** Which blueprint's devices could run a model, and why the others could not. */
export function CompatibilityTable(props: { rows: Compatibility[] | undefined }) {
  const rows = (props.rows ?? []).filter((row) => row.devices > 0 || row.blueprintId !== '' || row.reasons.length > 0);
  return (
    <Section title="Which devices can run it" help="By what each device said of its runtime and memory, or else by its blueprint’s limits.">
      {rows.length === 0 ? (
        <Text c="dimmed">No device has said what it can run yet.</Text>
      ) : (
        <Table.ScrollContainer minWidth={480} scrollAreaProps={{ viewportProps: { tabIndex: 0, 'aria-label': 'Which devices can run it', role: 'region' } } as object}>
          <Table aria-label="Which devices can run it" verticalSpacing="xs">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Blueprint</Table.Th>
                <Table.Th>Devices</Table.Th>
                <Table.Th>Why not</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map((row) => (
                <Table.Tr key={row.blueprintId}>
                  <Table.Td className="gw-text">{row.blueprintId === '' ? 'without a blueprint' : row.blueprintName}</Table.Td>
                  <Table.Td>
                    {row.devices === 0 ? <Text size="sm" c="dimmed">no device</Text> : <><Counts row={row} /><Share row={row} /></>}
                  </Table.Td>
                  <Table.Td>
                    {row.reasons.length === 0 ? '–' : (
                      <List size="sm">
                        {row.reasons.map((reason) => (
                          <List.Item key={reason.reason} className="gw-text">
                            {reason.reason} {reason.count > 0 ? `(${countText(reason.count)})` : ''}
                          </List.Item>
                        ))}
                      </List>
                    )}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Section>
  );
}
