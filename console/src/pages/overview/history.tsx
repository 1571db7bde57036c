// SPDX-License-Identifier: Apache-2.0
// Which versions were in the field, over time: a chart, or the same as a table.
import { Box, Group, Select, SegmentedControl, Skeleton, Stack, Table, Text, useComputedColorScheme } from '@mantine/core';
import { lazy, Suspense, useMemo, useState } from 'react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { getObject } from '../../api/client';
import { useProject } from '../../api/session';
import type { Overview, VersionHistory } from '../../api/types';
import { Failure } from '../../components/page';
import { useParamsOf } from '../../components/params';
import { compareVersions, countText } from '../../components/values';
import { colourOf } from './palette';

const Chart = lazy(() => import('./chart'));

const ranges = [
  { value: '1', label: '24 h' },
  { value: '7', label: '7 days' },
  { value: '30', label: '30 days' },
  { value: '365', label: 'a year' },
];
const HEIGHT = 260;
const DAY_MS = 86_400_000;

function useHistory(name: string, days: number) {
  const { project, api } = useProject();
  return useQuery<VersionHistory>({
    queryKey: ['overview', project, 'history', { name, days }],
    queryFn: async ({ signal }) => {
      const end = Date.now();
      const query = { package: name, start: new Date(end - days * DAY_MS).toISOString(), end: new Date(end).toISOString(), points: 300 };
      return (await getObject<VersionHistory>(api('overview/history'), { query, signal })).data;
    },
    placeholderData: keepPreviousData,
    refetchInterval: 60_000,
  });
}

/** Only times at which something changed, newest first. */
function changes(history: VersionHistory): VersionHistory['points'] {
  const rows: VersionHistory['points'] = [];
  for (const point of history.points) {
    const last = rows.at(-1);
    if (!last || history.versions.some((v) => (last.counts[v] ?? 0) !== (point.counts[v] ?? 0))) rows.push(point);
  }
  return rows.reverse().slice(0, 50);
}

/** The record is written every few minutes; what is so now stands at its end. */
function untilNow(history: VersionHistory | undefined, now: Overview['packages'][number] | undefined, asOf: string): VersionHistory | undefined {
  const last = history?.points.at(-1);
  if (!history || !last || !now || history.versions.length === 0 || asOf < last.time) return history;
  const counts = Object.fromEntries(now.versions.map((v) => [v.version, v.count]));
  const versions = [...new Set([...history.versions, ...Object.keys(counts)])];
  return { ...history, versions, points: [...history.points, { time: asOf, counts }] };
}

function HistoryTable(props: { history: VersionHistory; versions: string[] }) {
  return (
    <Box mah={HEIGHT} style={{ overflow: 'auto' }} tabIndex={0} role="region" aria-label="Versions over time, as a table">
      <Table stickyHeader aria-label="Versions over time" verticalSpacing={4}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>From</Table.Th>
            {props.versions.map((version) => <Table.Th key={version} ta="right" className="gw-mono">{version}</Table.Th>)}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {changes(props.history).map((point) => (
            <Table.Tr key={point.time}>
              <Table.Td>{new Date(point.time).toLocaleString()}</Table.Td>
              {props.versions.map((version) => <Table.Td key={version} ta="right">{countText(point.counts[version] ?? 0)}</Table.Td>)}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Box>
  );
}

function Legend(props: { versions: string[]; counts: Record<string, number>; when: string }) {
  const scheme = useComputedColorScheme('light');
  return (
    <Group gap="md" mih={24}>
      {props.versions.map((version, index) => (
        <Group key={version} gap={6} wrap="nowrap">
          <Box w={12} h={12} bg={colourOf(index, scheme)} style={{ borderRadius: 2 }} aria-hidden />
          <Text size="sm" className="gw-mono">{version}</Text>
          <Text size="sm" fw={700}>{countText(props.counts[version] ?? 0)}</Text>
        </Group>
      ))}
      <Text size="sm" c="dimmed">{props.when}</Text>
    </Group>
  );
}

export function History(props: { packages: Overview['packages']; asOf: string }) {
  const [params, setParams] = useParamsOf({ package: '', days: '7' });
  const names = props.packages.map((each) => each.package);
  const name = names.includes(params.package) ? params.package : (names[0] ?? '');
  const days = Number(params.days) || 7;
  const [view, setView] = useState('chart');
  const [pointed, setPointed] = useState<number | null>(null);
  const answer = useHistory(name, days);
  const now = props.packages.find((each) => each.package === name);
  const history = useMemo(() => untilNow(answer.data, now, props.asOf), [answer.data, now, props.asOf]);
  const versions = useMemo(() => [...(history?.versions ?? [])].sort(compareVersions), [history]);
  const drawn = useMemo(() => ({
    times: (history?.points ?? []).map((p) => new Date(p.time).getTime() / 1000),
    series: versions.map((version) => ({ name: version, values: (history?.points ?? []).map((p) => p.counts[version] ?? 0) })),
  }), [history, versions]);
  const shown = history?.points[pointed ?? history.points.length - 1];
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <Group gap="xs">
          {names.length > 1 ? (
            <Select size="xs" w={150} aria-label="Package" data={names} value={name} allowDeselect={false} onChange={(value) => setParams({ package: value ?? '' })} />
          ) : <Text className="gw-mono">{name}</Text>}
          <SegmentedControl size="xs" aria-label="Time shown" data={ranges} value={String(days)} onChange={(value) => setParams({ days: value })} />
        </Group>
        <SegmentedControl size="xs" aria-label="Show as" value={view} onChange={setView} data={[{ value: 'chart', label: 'Chart' }, { value: 'table', label: 'Table' }]} />
      </Group>
      {answer.error && !history ? <Failure error={answer.error} /> : null}
      <Box mih={history && versions.length === 0 ? undefined : HEIGHT}>
        {!history ? <Skeleton h={HEIGHT} /> : versions.length === 0 ? (
          <Text c="dimmed" py="xl" ta="center">Nothing is on record for this time yet. What devices run is noted every few minutes.</Text>
        ) : view === 'table' ? <HistoryTable history={history} versions={versions} /> : (
          <Suspense fallback={<Skeleton h={HEIGHT} />}>
            <Chart times={drawn.times} series={drawn.series} height={HEIGHT} onPoint={setPointed}
              label={`Devices by version of ${name} over time; “Table” says the same in numbers`} />
          </Suspense>
        )}
      </Box>
      {shown && versions.length > 0 ? <Legend versions={versions} counts={shown.counts} when={pointed === null ? 'now' : new Date(shown.time).toLocaleString()} /> : null}
    </Stack>
  );
}
