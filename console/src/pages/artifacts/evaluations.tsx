// SPDX-License-Identifier: Apache-2.0
// How good a model was found on recorded data: each report, and who was taken
// for whom.
import { Button, Code, Group, Stack, Table, Text } from '@mantine/core';
import { useState } from 'react';
import { useList, useObject } from '../../api/queries';
import { useProject } from '../../api/session';
import type { Evaluation } from '../../api/types';
import { Failure } from '../../components/page';
import { DataTable, type Column } from '../../components/table';
import { countText, TimeAgo } from '../../components/values';
import { percentText } from './data';
import { Section } from './facts';

interface Report {
  model?: { labels?: string[] };
  confusion?: number[][];
}

export function intervalText(interval: [number, number] | undefined): string {
  return interval ? `${percentText(interval[0])} to ${percentText(interval[1])}` : '';
}

function Confusion(props: { report: Report }) {
  const labels = props.report.model?.labels ?? [];
  const rows = props.report.confusion ?? [];
  if (rows.length === 0 || labels.length === 0) return <Text size="sm" c="dimmed">This report has no table of mistakes.</Text>;
  return (
    <Table.ScrollContainer minWidth={300} scrollAreaProps={{ viewportProps: { tabIndex: 0, 'aria-label': 'What was taken for what', role: 'region' } } as object}>
      <Table withTableBorder withColumnBorders aria-label="What was taken for what" verticalSpacing={4} w="auto">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>is \ heard</Table.Th>
            {labels.map((label, index) => <Table.Th key={index} className="gw-text">{label}</Table.Th>)}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row, index) => {
            const total = Math.max(1, row.reduce((sum, count) => sum + count, 0));
            return (
              <Table.Tr key={index}>
                <Table.Th scope="row" className="gw-text">{labels[index] ?? index}</Table.Th>
                {row.map((count, column) => (
                  <Table.Td key={column} ta="right" fw={index === column ? 700 : 400}
                    bg={count === 0 ? undefined : `color-mix(in srgb, var(${index === column ? '--mantine-color-teal-6' : '--mantine-color-orange-6'}) ${Math.round(10 + (30 * count) / total)}%, transparent)`}>
                    {countText(count)}
                  </Table.Td>
                ))}
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function ReportView(props: { artifactId: string; id: string }) {
  const { project, api } = useProject();
  const answer = useObject<Evaluation>('artifact', project, api(`artifacts/${props.artifactId}/evaluations/${props.id}`));
  if (answer.error) return <Failure error={answer.error} />;
  return <Confusion report={(answer.data?.data.report ?? {}) as Report} />;
}

export function Evaluations(props: { artifactId: string }) {
  const { project, api } = useProject();
  const [open, setOpen] = useState<string>();
  const answer = useList<Evaluation>('artifact', project, api(`artifacts/${props.artifactId}/evaluations`), { perPage: 100 });
  const columns: Column<Evaluation>[] = [
    { key: 'dataset', title: 'Data', render: (e) => <span className="gw-text">{e.dataset}</span> },
    {
      key: 'accuracy', title: 'Accuracy',
      render: (e) => <Group gap="xs">{percentText(e.accuracy)}<Text size="xs" c="dimmed">{intervalText(e.accuracyInterval)}</Text></Group>,
    },
    { key: 'clips', title: 'Recordings', align: 'right', render: (e) => (e.clips === undefined ? '–' : countText(e.clips)) },
    { key: 'time', title: 'When', render: (e) => <TimeAgo time={e.createdAt} /> },
    {
      key: 'open', title: '',
      render: (e) => (
        <Button size="compact-sm" variant="subtle" aria-expanded={open === e.id} onClick={() => setOpen(open === e.id ? undefined : e.id)}>
          {open === e.id ? 'Hide mistakes' : 'Show mistakes'}
        </Button>
      ),
    },
  ];
  return (
    <Section title="Evaluations" help="How often it was right on recorded data whose labels are known.">
      <DataTable label="Evaluations" columns={columns} rows={answer.data?.list} rowKey={(e) => e.id} error={answer.data ? null : answer.error}
        empty={
          <Stack gap={4} align="center">
            <Text size="sm">Nobody has kept an evaluation of this artifact yet.</Text>
            <Code>godwit model evaluate --store</Code>
          </Stack>
        } />
      {open === undefined ? null : <ReportView artifactId={props.artifactId} id={open} />}
    </Section>
  );
}
