// SPDX-License-Identifier: Apache-2.0
// What applies to a device, from which level, and what the device said of it.
import { Alert, Badge, Group, Modal, Stack, Text } from '@mantine/core';
import { IconPencil, IconPlus, IconTrash } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import type { Page } from '../../api/client';
import { useChange, useList } from '../../api/queries';
import type { SettingsSync } from '../../api/schema';
import { useProject } from '../../api/session';
import { askDelete, tellDone, tellError } from '../../components/forms';
import { DataTable, type Column } from '../../components/table';
import { TimeAgo } from '../../components/values';
import type { DeviceTabProps } from './device';
import { GuardedButton, GuardedIcon } from './parts';
import { SettingForm, ValueText, type NewSetting, type Setting, type SettingLevel } from './setting-form';
import { settingErrorText } from './words';

export interface DeviceSettingsPage extends Page<Setting> {
  data: SettingsSync;
}
const levelText: Record<SettingLevel, string> = { project: 'all devices', blueprint: 'its blueprint', device: 'this device' };

function Sync(props: { sync: DeviceSettingsPage['data'] | undefined; count: number; online: boolean }) {
  const { sync } = props;
  if (!sync || props.count === 0) return null;
  if (sync.inSync) return <Alert color="green" p="xs">The device has taken these settings, <TimeAgo time={sync.reported?.time} />.</Alert>;
  if (!sync.reported) return <Alert color="gray" p="xs">The device has said nothing about its settings yet.</Alert>;
  if (sync.reported.errors.length > 0) return <Alert color="red" p="xs">The device did not take all of them, <TimeAgo time={sync.reported.time} />.</Alert>;
  return <Alert color="yellow" p="xs">{props.online ? 'The device has been told, and has not answered yet.' : 'The device is told when it connects.'}</Alert>;
}

export function DeviceSettings(props: DeviceTabProps) {
  const { device } = props;
  const { project, api } = useProject();
  const [editing, setEditing] = useState<{ id: string; begin: NewSetting } | null>(null);
  const query = useList<Setting>('setting', project, api(`devices/${device.id}/settings`));
  const sync = (query.data as DeviceSettingsPage | undefined)?.data;
  const remove = useChange('setting');
  const columns = useMemo<Column<Setting>[]>(() => [
    { key: 'key', title: 'Key', render: (row) => <Text size="sm" fw={600} className="gw-mono gw-text">{row.key}</Text> },
    { key: 'value', title: 'Value', render: (row) => <ValueText setting={row} /> },
    { key: 'level', title: 'Set for', render: (row) => <Badge variant="light" tt="none" color={row.level === 'device' ? 'cyan' : 'gray'}>{levelText[row.level]}</Badge> },
    {
      key: 'answer', title: 'Device’s answer',
      render: (row) => {
        const error = sync?.reported?.errors.find((e) => e.key === row.key);
        if (error) return <Text span size="sm" c="red">{settingErrorText(error.name)}</Text>;
        return <Text span size="sm" c="dimmed">{sync?.inSync || (sync?.reported && sync.reported.version === sync.version) ? 'taken' : 'waiting'}</Text>;
      },
    },
    {
      key: 'actions', title: '', align: 'right',
      render: (row) => (row.level === 'device' ? (
        <Group gap={4} justify="flex-end" wrap="nowrap">
          <GuardedIcon need="OPERATE" label={`Edit ${row.key}`} onClick={() => setEditing({ id: row.id, begin: {} })}><IconPencil size={16} /></GuardedIcon>
          <GuardedIcon need="OPERATE" label={`Delete ${row.key}`} onClick={() => askDelete(row.key, 'The device falls back to its blueprint’s or the project’s value, or to what is built into it.', () => {
            remove.mutate({ method: 'DELETE', path: api(`settings/${row.id}`) }, { onSuccess: () => tellDone(`${row.key} deleted for this device`), onError: (error) => tellError(error) });
          })}><IconTrash size={16} /></GuardedIcon>
        </Group>
      ) : (
        <GuardedButton need="OPERATE" size="compact-xs" variant="default" onClick={() => setEditing({ id: '', begin: { level: 'device', deviceId: device.id, key: row.key, dataType: row.dataType, value: row.value } })}>
          Set for this device
        </GuardedButton>
      )),
    },
  ], [api, sync, device.id]);
  const create = () => setEditing({ id: '', begin: { level: 'device', deviceId: device.id } });
  return (
    <Stack>
      <Group justify="space-between">
        <Text size="sm" c="dimmed">What applies to this device; the nearest level wins.</Text>
        <GuardedButton need="OPERATE" size="xs" leftSection={<IconPlus size={16} />} onClick={create}>New setting for this device</GuardedButton>
      </Group>
      <Sync sync={sync} count={query.data?.list.length ?? 0} online={device.status === 'online'} />
      <DataTable label="Settings of the device" columns={columns} rows={query.data?.list} rowKey={(row) => row.id} error={query.error} empty="No setting applies to this device." />
      <Modal opened={editing !== null} onClose={() => setEditing(null)} title={editing?.id ? 'Edit setting' : 'Setting for this device'}>
        {editing ? <SettingForm id={editing.id} begin={editing.begin} fixedLevel onClose={() => setEditing(null)} /> : null}
      </Modal>
    </Stack>
  );
}
