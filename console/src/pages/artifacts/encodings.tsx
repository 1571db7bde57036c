// SPDX-License-Identifier: Apache-2.0
// What goes over the air for one artifact: the whole, compressed, or what differs
// from a version that devices have.
import { Progress, Table, Text } from '@mantine/core';
import type { Artifact, Encoding } from '../../api/types';
import { bytesText } from '../../components/values';
import { usePollWhile } from '../releases/poll';
import { Section } from './facts';

const stateTexts: Record<Encoding['state'], string> = {
  ready: '',
  pending: 'is being made',
  notSmaller: 'hardly smaller: not offered',
  failed: 'could not be made; tried again when the server starts',
  tooLarge: 'the artifact is too large for it',
};

interface Row {
  key: string;
  name: string;
  size: number | null;
  percent: number | null;
  state: Encoding['state'];
  colour: string;
}
function rowsOf(artifact: Artifact): Row[] {
  const whole: Row = { key: 'whole', name: 'Whole', size: Number(artifact.size), percent: 100, state: 'ready', colour: 'gray.6' };
  const others = (artifact.encodings ?? []).map((encoding): Row => ({
    key: `${encoding.encoding} ${encoding.baseVersion ?? ''}`,
    name: encoding.baseVersion === null ? 'Compressed' : `From ${encoding.baseVersion}`,
    size: encoding.size, percent: encoding.percent, state: encoding.state,
    colour: encoding.state === 'ready' ? (encoding.baseVersion === null ? 'blue.6' : 'teal.7') : 'gray.4',
  }));
  return [whole, ...others];
}

export function Encodings(props: { artifact: Artifact; refetch: () => unknown }) {
  const encodings = props.artifact.encodings ?? [];
  usePollWhile(encodings.some((encoding) => encoding.state === 'pending'), props.refetch);
  return (
    <Section title="Bytes on the air" help="A device takes the smallest form that it can: compressed, or what differs from the version it has. The result is the same to the byte.">
      {encodings.length === 0 ? (
        <Text c="dimmed">Shorter forms are made when a release with it is rolled out.</Text>
      ) : (
        <Table.ScrollContainer minWidth={420}>
          <Table aria-label="Bytes on the air" verticalSpacing={6} withRowBorders={false} maw={720}>
            <Table.Thead>
              <Table.Tr><Table.Th w={150}>Form</Table.Th><Table.Th>Share of the whole</Table.Th><Table.Th w={170} ta="right">Bytes</Table.Th></Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rowsOf(props.artifact).map((row) => (
                <Table.Tr key={row.key} data-state={row.state}>
                  <Table.Th scope="row" fw={500}>{row.name}</Table.Th>
                  <Table.Td><Progress.Root size={14} aria-hidden><Progress.Section value={row.percent ?? 0} color={row.colour} withAria={false} /></Progress.Root></Table.Td>
                  <Table.Td ta="right">
                    {row.size === null ? null : <Text span size="sm" style={{ whiteSpace: 'nowrap' }}>{bytesText(row.size)}{row.percent === null || row.key === 'whole' ? '' : `, ${row.percent} %`}</Text>}
                    {stateTexts[row.state] ? <Text size="xs" c="dimmed">{stateTexts[row.state]}</Text> : null}
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
