// SPDX-License-Identifier: Apache-2.0
// The devices of a rollout, one by one, as they go.
import { Anchor, Group, Progress, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { Link } from 'wouter';
import { useProgress } from '../../api/live';
import { useList } from '../../api/queries';
import { useProject } from '../../api/session';
import type { Artifact, RolloutDevice } from '../../api/types';
import { DataTable, type Column } from '../../components/table';
import { DeviceStatusBadge, TimeAgo } from '../../components/values';
import { withDetail } from '../../components/why';
import { StateMark } from './rollout-bar';
import { reasonText, states } from './words';

/** State and, while it downloads, how far it is. */
function StateCell(props: { row: RolloutDevice; packageName: string }) {
  const { row } = props;
  const live = useProgress(row.deviceId, props.packageName);
  const fits = live !== undefined && live.version === row.target;
  const downloading = row.state === 'downloading' || (row.state === 'waiting' && fits);
  const percent = fits ? live.percent : row.percent;
  const known = states.find(({ state }) => state === (downloading ? 'downloading' : row.state));
  return (
    <Stack gap={4} miw={130}>
      <Group gap={6} wrap="nowrap" data-state={known?.state}>
        <StateMark colour={known?.colour ?? 'gray.5'} />
        <Text span size="sm">
          {known?.label ?? row.state}
          {downloading && percent !== null && percent !== undefined ? ` ${Math.floor(percent)} %` : ''}
        </Text>
      </Group>
      {downloading ? <Progress value={percent ?? 0} size="xs" aria-label={`Download of ${row.deviceName}`} /> : null}
      {row.state === 'failed' ? <Text size="xs" className="gw-text">{withDetail(reasonText(row.reason), row.detail)}</Text> : null}
    </Stack>
  );
}

interface RolloutDevicesProps {
  releaseId: string;
  state: string;
  term: string;
  page: number;
  artifacts: (Artifact | undefined)[];
  onChange: (changes: { term?: string; page?: string }) => void;
}
const PER_PAGE = 20;

export function RolloutDevices(props: RolloutDevicesProps) {
  const { project, api, page } = useProject();
  const [term, setTerm] = useState(props.term);
  const [settled] = useDebouncedValue(term, 250);
  useEffect(() => {
    if (settled !== props.term) props.onChange({ term: settled, page: '0' });
  }, [settled]);
  const answer = useList<RolloutDevice>('rollout', project, api(`releases/${props.releaseId}/devices`),
    { state: props.state, term: props.term, page: props.page, perPage: PER_PAGE });
  const packageOf = (row: RolloutDevice) => row.package ?? (props.artifacts.find((a) => a?.version === row.target) ?? props.artifacts[0])?.package ?? '';
  const columns: Column<RolloutDevice>[] = [
    { key: 'name', title: 'Device', render: (d) => <Anchor component={Link} href={page(`devices/${d.deviceId}`)} className="gw-text">{d.deviceName}</Anchor> },
    { key: 'status', title: 'Status', render: (d) => <DeviceStatusBadge status={d.status} /> },
    { key: 'state', title: 'State', render: (d) => <StateCell row={d} packageName={packageOf(d)} /> },
    { key: 'version', title: 'Runs', render: (d) => <span className="gw-mono">{d.version || 'not known'}</span> },
    { key: 'target', title: 'Gets', render: (d) => <span className="gw-mono">{d.target || '–'}</span> },
    { key: 'report', title: 'Last report', render: (d) => <TimeAgo time={d.lastReport} /> },
  ];
  return (
    <Stack gap="sm">
      <Group>
        <TextInput aria-label="Search devices" placeholder="Part of the name" leftSection={<IconSearch size={16} aria-hidden />} value={term} onChange={(event) => setTerm(event.currentTarget.value)} />
      </Group>
      <DataTable label="Devices of the rollout" columns={columns} rows={answer.data?.list} rowKey={(d) => d.deviceId} error={answer.data ? null : answer.error}
        page={props.page} perPage={PER_PAGE} total={answer.data?.total ?? 0} onPage={(next) => props.onChange({ page: String(next) })}
        empty={<Text>{props.state !== '' || props.term !== '' ? 'No device is like that now.' : 'No device gets this release now.'}</Text>} />
    </Stack>
  );
}
