// SPDX-License-Identifier: Apache-2.0
// Reports of updates of all devices, newest first, as they come.
import { Anchor, Badge, Button, Group, Select, Stack, Switch, Text, TextInput } from '@mantine/core';
import { useMemo, type ReactNode } from 'react';
import { Link } from 'wouter';
import { useObject } from '../../api/queries';
import { useProject } from '../../api/session';
import type { OtaEvent, Overview } from '../../api/types';
import { useParamsOf } from '../../components/params';
import { DataTable, type Column } from '../../components/table';
import { countText, TimeAgo } from '../../components/values';
import { withDetail } from '../../components/why';
import { useDeviceNames } from '../devices/parts';
import { useTokenPages } from '../devices/token-pages';
import { isFailure, reasonText, stateNames, stateText } from '../devices/words';

const PAGE = 100;

function stateBadge(event: OtaEvent) {
  const failed = isFailure(Number(event.status));
  const done = event.message === 'FIRMWARE_UPDATED_SUCCESSFULLY';
  const colour = failed ? 'red' : done ? 'green' : event.eventType === 'IDLE' ? 'gray' : 'cyan';
  return <Badge size="sm" variant="light" tt="none" color={colour}>{failed ? 'failed' : done ? 'updated' : stateText(event.eventType)}</Badge>;
}

function useColumns(names: Map<string, string>): Column<OtaEvent>[] {
  const { page } = useProject();
  return useMemo(() => [
    { key: 'time', title: 'Time', render: (row) => <TimeAgo time={row.timestamp} /> },
    { key: 'device', title: 'Device', render: (row) => <Anchor component={Link} size="sm" className="gw-text" href={page(`devices/${row.deviceId}/timeline`)}>{names.get(row.deviceId) || '…'}</Anchor> },
    { key: 'package', title: 'Package', render: (row) => <span className="gw-text">{row.packageId}</span> },
    { key: 'state', title: 'State', render: stateBadge },
    { key: 'from', title: 'Runs', render: (row) => <span className="gw-mono">{row.currentVersion || '–'}</span> },
    { key: 'to', title: 'Going to', render: (row) => <span className="gw-mono">{row.targetVersion || '–'}</span> },
    { key: 'reason', title: 'What it said', render: (row) => <Text span size="sm" {...(isFailure(Number(row.status)) ? { c: 'red' } : { c: 'dimmed' })}>{withDetail(reasonText(row.message ?? ''), row.detail)}</Text> },
  ], [names, page]);
}

function PackageFilter(props: { value: string; onChange: (value: string) => void }) {
  const { project, api } = useProject();
  const overview = useObject<Overview>('overview', project, api('overview'));
  const data = (overview.data?.data.packages ?? []).map((item) => item.package);
  if (overview.error) return <TextInput aria-label="Package" placeholder="Any package" value={props.value} onChange={(event) => props.onChange(event.currentTarget.value)} />;
  if (props.value && !data.includes(props.value)) data.push(props.value);
  return <Select aria-label="Package" placeholder="Any package" data={data} value={props.value || null} clearable onChange={(value) => props.onChange(value ?? '')} w={{ base: '100%', xs: 150 }} />;
}

export function Events(props: { deviceId: string; children: ReactNode }) {
  const { api } = useProject();
  const [params, change] = useParamsOf({ package: '', state: '', failures: '' });
  const events = useTokenPages<OtaEvent>('otaEvent', api('ota-events'), { deviceId: props.deviceId, packageId: params.package, eventType: params.state, limit: PAGE });
  const only = params.failures === 'true';
  const rows = useMemo(() => (only ? events.rows?.filter((row) => isFailure(Number(row.status))) : events.rows), [events.rows, only]);
  const names = useDeviceNames(useMemo(() => (rows ?? []).map((row) => row.deviceId), [rows]));
  const columns = useColumns(names);
  const looked = events.rows?.length ?? 0;
  return (
    <>
      <Group gap="xs" mb="sm" role="search" aria-label="Filter updates">
        {props.children}
        <PackageFilter value={params.package} onChange={(value) => change({ package: value })} />
        <Select aria-label="State" placeholder="Any state" data={stateNames.map((name) => ({ value: name, label: stateText(name) }))} value={params.state || null} clearable
          onChange={(state) => change({ state: state ?? '' })} w={{ base: '100%', xs: 150 }} />
        <Switch label="Failures only" checked={only} onChange={(event) => change({ failures: event.currentTarget.checked ? 'true' : '' })} />
      </Group>
      <DataTable label="Updates" columns={columns} rows={rows} rowKey={(row) => String(row['id'])} error={events.rows ? null : events.error}
        empty={only && looked > 0 ? `No failure among the ${countText(looked)} newest reports.` : 'No reports yet. Devices report while they update; roll out a release to see it here.'} />
      {events.hasNextPage ? (
        <Stack align="center" mt="sm">
          <Button variant="default" loading={events.isFetchingNextPage} onClick={() => void events.fetchNextPage()}>{only ? `Look further back than the ${countText(looked)} newest` : 'Show older'}</Button>
        </Stack>
      ) : null}
    </>
  );
}
