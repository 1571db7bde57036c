// SPDX-License-Identifier: Apache-2.0
// Who may connect: the keys of all devices, without the keys themselves.
import { Alert, Anchor, Badge, Code, Group, SegmentedControl, Stack, Text } from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';
import { useMemo } from 'react';
import { Link } from 'wouter';
import { useChange, useList } from '../../api/queries';
import type { Credential } from '../../api/schema';
import { useProject } from '../../api/session';
import { askDelete, tellDone, tellError } from '../../components/forms';
import { PageHead } from '../../components/page';
import { useParamsOf } from '../../components/params';
import { DataTable, type Column } from '../../components/table';
import { CopyIcon, TimeAgo } from '../../components/values';
import { DeviceSelect, GuardedIcon, useDeviceNames } from './parts';

const LONG_DAYS = 90;
const DAY_MS = 86_400_000;

function unusedSince(row: Credential): boolean {
  return Date.now() - new Date(row.lastUsed ?? row.createdAt).getTime() > LONG_DAYS * DAY_MS;
}

export default function Page() {
  const { project, api, page } = useProject();
  const [params, change] = useParamsOf({ deviceId: '', used: '', page: '0', perPage: '50' });
  // Whole days: the same address for the same day, and one entry in the cache.
  const before = useMemo(() => new Date(Math.floor(Date.now() / DAY_MS - LONG_DAYS) * DAY_MS).toISOString(), []);
  const filter = params.used === 'long' ? { lastUsedBefore: before } : params.used === 'never' ? { lastUsedBefore: '1970-01-01T00:00:00Z' } : {};
  const list = useList<Credential>('credential', project, api('credentials'), { deviceId: params.deviceId, page: params.page, perPage: params.perPage, ...filter });
  const names = useDeviceNames(useMemo(() => (list.data?.list ?? []).map((row) => row.deviceId), [list.data]));
  const remove = useChange('credential');
  const columns = useMemo<Column<Credential>[]>(() => [
    { key: 'device', title: 'Device', render: (row) => <Anchor component={Link} size="sm" fw={600} className="gw-text" href={page(`devices/${row.deviceId}/credentials`)}>{names.get(row.deviceId) ?? '…'}</Anchor> },
    { key: 'identity', title: 'PSK-ID', render: (row) => <Group gap={4} wrap="nowrap"><Code className="gw-text">{row.identity}</Code><CopyIcon value={row.identity} label={`Copy ${row.identity}`} /></Group> },
    {
      key: 'used', title: 'Last used',
      render: (row) => <Group gap="xs"><TimeAgo time={row.lastUsed} />{unusedSince(row) ? <Badge size="xs" color="orange" variant="light" tt="none">unused for long</Badge> : null}</Group>,
    },
    { key: 'created', title: 'Created', render: (row) => <TimeAgo time={row.createdAt} /> },
    {
      key: 'actions', title: '', align: 'right',
      render: (row) => (
        <GuardedIcon need="ADMIN" label={`Delete ${row.identity}`} onClick={() => askDelete(row.identity, 'A session that it opened ends; the device is not let in with it again.', () => {
          remove.mutate({ method: 'DELETE', path: api(`credentials/${row.id}`) }, { onSuccess: () => tellDone('Key deleted'), onError: (error) => tellError(error) });
        })}><IconTrash size={16} /></GuardedIcon>
      ),
    },
  ], [api, page, names]);
  const filtered = params.deviceId !== '' || params.used !== '';
  return (
    <>
      <PageHead title="Credentials" help="The keys that devices connect with. A key itself is shown only when it is made." />
      <Alert color="gray" p="xs" mb="sm">
        Certificates stand on each device’s page; which are let in is decided by the <Anchor component={Link} size="sm" underline="always" href={page('settings/certificates')}>CAs in the project settings</Anchor>.
      </Alert>
      <Group gap="xs" mb="sm" role="search" aria-label="Filter credentials">
        <DeviceSelect aria-label="Device" value={params.deviceId} onChange={(deviceId) => change({ deviceId })} w={{ base: '100%', xs: 220 }} />
        <SegmentedControl aria-label="Use" value={params.used} onChange={(used) => change({ used })} data={[{ value: '', label: 'All' }, { value: 'long', label: `Unused for ${LONG_DAYS} days` }, { value: 'never', label: 'Never used' }]} />
      </Group>
      <DataTable label="Credentials" columns={columns} rows={list.data?.list} rowKey={(row) => row.id} error={list.error}
        page={Number(params.page)} perPage={Number(params.perPage)} total={list.data?.total ?? 0} onPage={(next) => change({ page: String(next) })} onPerPage={(next) => change({ perPage: String(next) })}
        empty={filtered ? <Text>No key fits these filters.</Text> : (
          <Stack align="center">
            <Text>No keys yet. A device gets one when it is added.</Text>
            <Anchor component={Link} href={page('devices')}>To the devices</Anchor>
          </Stack>
        )} />
    </>
  );
}
