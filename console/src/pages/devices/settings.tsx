// SPDX-License-Identifier: Apache-2.0
// Settings of devices on all levels, in one table.
import { Anchor, Badge, Group, Modal, SegmentedControl, Stack, Text } from '@mantine/core';
import { IconPencil, IconPlus, IconTrash } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { Link } from 'wouter';
import { useChange, useList } from '../../api/queries';
import { useProject } from '../../api/session';
import { askDelete, tellDone, tellError } from '../../components/forms';
import { PageHead } from '../../components/page';
import { useParamsOf } from '../../components/params';
import { DataTable, type Column } from '../../components/table';
import { TimeAgo } from '../../components/values';
import { SearchBox } from './filters';
import { DeviceSelect, GuardedButton, GuardedIcon, useBlueprints, useDeviceNames } from './parts';
import { SettingForm, typeText, ValueText, type Setting } from './setting-form';

const defaults = { level: '', key: '', deviceId: '', page: '0', perPage: '50', edit: '' };
const levels = [{ value: '', label: 'Every level' }, { value: 'project', label: 'All devices' }, { value: 'blueprint', label: 'Blueprints' }, { value: 'device', label: 'Single devices' }];

function LevelOf(props: { setting: Setting; names: Map<string, string>; blueprints: { id: string; name: string }[] | undefined }) {
  const { page } = useProject();
  const { setting } = props;
  if (setting.level === 'device') {
    return <Anchor component={Link} href={page(`devices/${setting.deviceId}/settings`)} size="sm" className="gw-text">{props.names.get(setting.deviceId ?? '') ?? '…'}</Anchor>;
  }
  if (setting.level === 'blueprint') return <Badge variant="light" tt="none" className="gw-text">{props.blueprints?.find((b) => b.id === setting.blueprintId)?.name ?? '…'}</Badge>;
  return <Text span size="sm">all devices</Text>;
}

export default function Page() {
  const { project, api } = useProject();
  const [params, change] = useParamsOf(defaults);
  const [creating, setCreating] = useState(false);
  const list = useList<Setting>('setting', project, api('settings'), { level: params.level, key: params.key, deviceId: params.deviceId, page: params.page, perPage: params.perPage });
  const names = useDeviceNames(useMemo(() => (list.data?.list ?? []).map((row) => row.deviceId ?? ''), [list.data]));
  const blueprints = useBlueprints().data?.list;
  const remove = useChange('setting');
  const columns = useMemo<Column<Setting>[]>(() => [
    { key: 'key', title: 'Key', render: (row) => <Text size="sm" fw={600} className="gw-mono gw-text">{row.key}</Text> },
    { key: 'level', title: 'For', render: (row) => <LevelOf setting={row} names={names} blueprints={blueprints} /> },
    { key: 'value', title: 'Value', render: (row) => <ValueText setting={row} /> },
    { key: 'type', title: 'Type', render: (row) => <Text span size="sm" c="dimmed">{typeText(row.dataType)}</Text> },
    { key: 'updated', title: 'Changed', render: (row) => <TimeAgo time={row.updatedAt} /> },
    {
      key: 'actions', title: '', align: 'right',
      render: (row) => (
        <Group gap={4} justify="flex-end" wrap="nowrap">
          <GuardedIcon need="OPERATE" label={`Edit ${row.key}`} onClick={() => change({ edit: row.id, page: params.page })}><IconPencil size={16} /></GuardedIcon>
          <GuardedIcon need="OPERATE" label={`Delete ${row.key}`} onClick={() => askDelete(row.key, 'Devices fall back to the next level that sets it, or to what is built into them.', () => {
            remove.mutate({ method: 'DELETE', path: api(`settings/${row.id}`) }, { onSuccess: () => tellDone(`${row.key} deleted`), onError: (error) => tellError(error) });
          })}><IconTrash size={16} /></GuardedIcon>
        </Group>
      ),
    },
  ], [api, names, blueprints, params.page]);
  const close = () => {
    setCreating(false);
    change({ edit: '', page: params.page });
  };
  const filtered = params.level !== '' || params.key !== '' || params.deviceId !== '';
  return (
    <>
      <PageHead title="Device settings" help="Values that devices know by their key. A device’s own value wins over its blueprint’s, and that over the one for all devices.">
        <GuardedButton need="OPERATE" leftSection={<IconPlus size={16} />} onClick={() => setCreating(true)}>New setting</GuardedButton>
      </PageHead>
      <Group gap="xs" mb="sm" role="search" aria-label="Filter settings">
        <SegmentedControl aria-label="Level" data={levels} value={params.level} onChange={(level) => change({ level })} />
        <SearchBox label="Key" placeholder="Exact key" value={params.key} onChange={(key) => change({ key })} w={{ base: '100%', xs: 200 }} />
        <DeviceSelect aria-label="Device" value={params.deviceId} onChange={(deviceId) => change({ deviceId })} w={{ base: '100%', xs: 200 }} />
      </Group>
      <DataTable label="Device settings" columns={columns} rows={list.data?.list} rowKey={(row) => row.id} error={list.error}
        page={Number(params.page)} perPage={Number(params.perPage)} total={list.data?.total ?? 0} onPage={(page) => change({ page: String(page) })} onPerPage={(perPage) => change({ perPage: String(perPage) })}
        empty={filtered ? <Text>No setting fits these filters.</Text> : (
          <Stack align="center">
            <Text>No settings yet. A device asks for them when it connects and is told of every change at once.</Text>
            <GuardedButton need="OPERATE" onClick={() => setCreating(true)}>New setting</GuardedButton>
          </Stack>
        )} />
      <Modal opened={creating || params.edit !== ''} onClose={close} title={params.edit ? 'Edit setting' : 'New setting'}>
        <SettingForm key={params.edit} id={params.edit} onClose={close} />
      </Modal>
    </>
  );
}
