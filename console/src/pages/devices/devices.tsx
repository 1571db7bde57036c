// SPDX-License-Identifier: Apache-2.0
import { Badge, Button, Group, Menu, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconChevronDown, IconDeviceDesktopPlus, IconPlus, IconRobot } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { useChange, useList } from '../../api/queries';
import type { VirtualDevice } from '../../api/schema';
import { useProject } from '../../api/session';
import type { Device } from '../../api/types';
import { tellDone, tellError } from '../../components/forms';
import { PageHead } from '../../components/page';
import { useParamsOf } from '../../components/params';
import { DataTable, type Column } from '../../components/table';
import { DeviceStatusBadge, TimeAgo } from '../../components/values';
import { AddDevice } from './add-device';
import { BulkBar } from './bulk';
import { deviceDefaults, DeviceFilters, isFiltered, toQuery } from './filters';
import { GuardedButton, PackageLine, TagBadges, useBlueprints, useTags } from './parts';
import { useVirtualDevices } from './virtual';

function useColumns(): Column<Device>[] {
  const { page } = useProject();
  const tags = useTags().data?.list;
  const blueprints = useBlueprints().data?.list;
  const virtual = useVirtualDevices();
  return useMemo(() => [
    {
      key: 'name', title: 'Name', sort: 'name',
      render: (device) => (
        <Group gap={6}>
          <Text component={Link} href={page(`devices/${device.id}`)} size="sm" fw={600} className="gw-text" c="inherit">{device.name}</Text>
          {virtual.has(device.id) ? <Badge size="xs" variant="light" tt="none">virtual</Badge> : null}
          {device.enabled ? null : <Badge size="xs" color="orange" variant="light" tt="none">disabled</Badge>}
        </Group>
      ),
    },
    { key: 'status', title: 'Status', render: (device) => <DeviceStatusBadge status={device.status} /> },
    {
      key: 'blueprint', title: 'Blueprint',
      render: (device) => <Text span size="sm" className="gw-text" c={device.blueprintId ? '' : 'dimmed'}>{device.blueprintId ? (blueprints?.find((b) => b.id === device.blueprintId)?.name ?? '…') : '–'}</Text>,
    },
    { key: 'tags', title: 'Tags', render: (device) => <TagBadges ids={device.tagIds} tags={tags} /> },
    {
      key: 'packages', title: 'Packages',
      render: (device) => {
        const packages = Object.entries(device.metadata?.update ?? {});
        if (packages.length === 0) return <Text span size="sm" c="dimmed">–</Text>;
        return <Stack gap={2}>{packages.map(([name, update]) => <PackageLine key={name} deviceId={device.id} name={name} update={update} />)}</Stack>;
      },
    },
    {
      key: 'seen', title: 'Last seen', sort: 'lastReport',
      render: (device) => (device.status === 'online' ? <Text span size="sm">now</Text> : <TimeAgo time={lastSeen(device)} />),
    },
  ], [page, tags, blueprints, virtual]);
}

function lastSeen(device: Device): string | null {
  const times = [device.metadata?.lastSeenOffline, device.metadata?.lastSeenOnline, device.lastReport].filter((t): t is string => Boolean(t));
  return times.sort().at(-1) ?? null;
}

function AddMenu(props: { onReal: () => void }) {
  const { api, page } = useProject();
  const [, navigate] = useLocation();
  const change = useChange<VirtualDevice>('virtualDevice', 'device', 'overview');
  const addVirtual = () => {
    change.mutate({ method: 'POST', path: api('virtual-devices'), body: {} }, {
      onSuccess: (made) => {
        tellDone(`${made.deviceName} starts: a program of this server that behaves like a real device`);
        navigate(page(`devices/${made.deviceId}`));
      },
      onError: (error) => tellError(error, 'No virtual device was made'),
    });
  };
  return (
    <Group gap={0} wrap="nowrap">
      <GuardedButton need="OPERATE" leftSection={<IconPlus size={16} />} onClick={props.onReal} style={{ borderTopRightRadius: 0, borderBottomRightRadius: 0 }}>Add device</GuardedButton>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button px={8} ml={1} aria-label="More ways to add a device" loading={change.isPending} disabled={!useProject().may('OPERATE')} style={{ borderTopLeftRadius: 0, borderBottomLeftRadius: 0 }}>
            <IconChevronDown size={16} />
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconDeviceDesktopPlus size={16} />} onClick={props.onReal}>A device of yours</Menu.Item>
          <Menu.Item leftSection={<IconRobot size={16} />} onClick={addVirtual}>A virtual device, to try things</Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </Group>
  );
}

export default function Page() {
  const { project, api, page } = useProject();
  const [params, change] = useParamsOf(deviceDefaults);
  const [selected, setSelected] = useState<Set<string>>(new Set());
  const [adding, add] = useDisclosure(false);
  const query = toQuery(params);
  const perPage = Number(params.perPage);
  const devices = useList<Device>('device', project, api('devices'), { ...query, page: params.page, perPage });
  const columns = useColumns();
  const filtered = isFiltered(params);
  const total = devices.data?.total ?? 0;
  return (
    <>
      <PageHead title="Devices" help="Everything that connects to this project, what it runs, and where its updates stand.">
        <AddMenu onReal={add.open} />
      </PageHead>
      <DeviceFilters params={params} change={change} />
      {selected.size > 0 ? <BulkBar selected={selected} onSelect={setSelected} params={params} total={total} shown={devices.data?.list.length ?? 0} /> : null}
      <DataTable
        label="Devices" columns={columns} rows={devices.data?.list} rowKey={(device) => device.id} rowName={(device) => device.name} error={devices.error}
        href={(device) => page(`devices/${device.id}`)} selected={selected} onSelect={setSelected}
        page={Number(params.page)} perPage={perPage} total={total}
        onPage={(next) => change({ page: String(next) })} onPerPage={(next) => change({ perPage: String(next) })}
        {...(params.sort ? { sort: { by: params.sort, descending: params.order === 'desc' } } : {})}
        onSort={(by, descending) => change({ sort: by, order: descending ? 'desc' : 'asc' })}
        empty={filtered ? (
          <Stack align="center">
            <Text>No device fits these filters.</Text>
            <Button variant="default" onClick={() => change({ term: '', status: '', tags: '', blueprintId: '', version: '', enabled: '' })}>Clear the filters</Button>
          </Stack>
        ) : (
          <Stack align="center">
            <Text>No devices yet. Add one to get the key it connects with, or let a virtual one show you how it goes.</Text>
            <Group>
              <GuardedButton need="OPERATE" leftSection={<IconPlus size={16} />} onClick={add.open}>Add the first device</GuardedButton>
              <Button variant="default" component={Link} href={page('start')}>Get started</Button>
            </Group>
          </Stack>
        )}
      />
      <AddDevice opened={adding} onClose={add.close} />
    </>
  );
}
