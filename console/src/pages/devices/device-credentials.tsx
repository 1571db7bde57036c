// SPDX-License-Identifier: Apache-2.0
// How a device proves who it is: keys and certificates.
import { Alert, Anchor, Badge, Button, Card, Code, Group, Modal, Stack, Text, TextInput, Title } from '@mantine/core';
import { useForm } from '@mantine/form';
import { modals } from '@mantine/modals';
import { IconBan, IconKey, IconRefresh, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'wouter';
import { useChange, useList } from '../../api/queries';
import type { Credential, DeviceCertificate, RevokedCertificate } from '../../api/schema';
import { useProject } from '../../api/session';
import type { Device } from '../../api/types';
import { askDelete, tellDone, tellError } from '../../components/forms';
import { DataTable, type Column } from '../../components/table';
import { CopyIcon, SecretOnce, TimeAgo } from '../../components/values';
import type { DeviceTabProps } from './device';
import { showErrorAt } from './editing';
import { GuardedButton, GuardedIcon } from './parts';
import { Snippets } from './snippets';

/** desk@default, then desk-2@default, …: identities are unique on the server. */
export function nextIdentity(device: string, project: string, taken: string[]): string {
  for (let n = 1; ; n++) {
    const identity = `${device}${n === 1 ? '' : `-${n}`}@${project}`;
    if (!taken.includes(identity)) return identity;
  }
}

function NewKey(props: { device: Device; taken: string[]; rotates: boolean; onClose: () => void; onMade: (made: { identity: string; preSharedKey: string }) => void }) {
  const { project, api } = useProject();
  const { device } = props;
  const form = useForm({ initialValues: { identity: nextIdentity(device.name, project, props.taken), preSharedKey: '' } });
  const change = useChange<{ identity: string; preSharedKey: string }>('credential');
  const submit = form.onSubmit(async (values) => {
    try {
      const body = { identity: values.identity, ...(values.preSharedKey ? { preSharedKey: values.preSharedKey } : {}) };
      props.onMade(await change.mutateAsync({ method: 'POST', path: api(`devices/${device.id}/provisioning`), body }));
    } catch (error) {
      showErrorAt(form, error, 'identity');
    }
  });
  return (
    <form onSubmit={(event) => void submit(event)} noValidate>
      <Stack>
        {props.rotates ? <Text size="sm">The device gets a second key. The old one stays good until you delete it, so that nothing is cut off: bring the new one to the device, see it used here, then delete the old one.</Text> : null}
        <TextInput label="PSK-ID" description="What the device calls itself; unique on the server." required maxLength={128} data-autofocus {...form.getInputProps('identity')} />
        <TextInput label="PSK" description="Leave it empty and a random one is made, which is best." maxLength={64} autoComplete="off" placeholder="random" {...form.getInputProps('preSharedKey')} />
        <Group justify="flex-end">
          <Button variant="default" onClick={props.onClose}>Cancel</Button>
          <Button type="submit" loading={change.isPending}>Make the key</Button>
        </Group>
      </Stack>
    </form>
  );
}

function KeyModal(props: { device: Device; taken: string[]; rotates: boolean; onClose: () => void }) {
  const [made, setMade] = useState<{ identity: string; preSharedKey: string } | null>(null);
  return (
    <Modal opened onClose={props.onClose} size="lg" title={made ? 'New key' : props.rotates ? 'Rotate the key' : 'Add a key'} closeOnClickOutside={made === null} closeOnEscape={made === null}>
      {made ? (
        <Stack>
          <SecretOnce title={`A key of ${props.device.name}`} values={[{ label: 'PSK-ID', value: made.identity }, { label: 'PSK', value: made.preSharedKey }]} />
          <Snippets name={props.device.name} identity={made.identity} psk={made.preSharedKey} />
          <Group justify="flex-end"><Button onClick={props.onClose}>Done</Button></Group>
        </Stack>
      ) : <NewKey {...props} onMade={setMade} />}
    </Modal>
  );
}

function Keys(props: { device: Device; managed: boolean }) {
  const { project, api } = useProject();
  const { device } = props;
  const [adding, setAdding] = useState<'add' | 'rotate' | null>(null);
  const keys = useList<Credential>('credential', project, api(`devices/${device.id}/credentials`));
  const remove = useChange('credential');
  const list = keys.data?.list ?? [];
  const columns: Column<Credential>[] = [
    { key: 'identity', title: 'PSK-ID', render: (row) => <Group gap={4} wrap="nowrap"><Code className="gw-text">{row.identity}</Code><CopyIcon value={row.identity} label={`Copy ${row.identity}`} /></Group> },
    { key: 'used', title: 'Last used', render: (row) => <TimeAgo time={row.lastUsed} /> },
    { key: 'created', title: 'Created', render: (row) => <TimeAgo time={row.createdAt} /> },
    {
      key: 'actions', title: '', align: 'right',
      render: (row) => (
        <GuardedIcon need="ADMIN" label={`Delete ${row.identity}`} onClick={() => askDelete(row.identity, list.length === 1 && !device.certificateId ? 'It is the device’s only key: the session it opened ends, and the device is not let in again until it gets a new one.' : 'A session that it opened ends; the device is not let in with it again.', () => {
          remove.mutate({ method: 'DELETE', path: api(`devices/${device.id}/credentials/${row.id}`) }, { onSuccess: () => tellDone('Key deleted'), onError: (error) => tellError(error) });
        })}><IconTrash size={16} /></GuardedIcon>
      ),
    },
  ];
  return (
    <Card withBorder component="section" aria-label="Pre-shared keys">
      <Group justify="space-between" mb="sm">
        <Title order={2} size="h4">Pre-shared keys</Title>
        <Group gap="xs">
          {list.length > 0 ? <GuardedButton need="ADMIN" size="xs" variant="default" leftSection={<IconRefresh size={16} />} onClick={() => setAdding('rotate')}>Rotate</GuardedButton> : null}
          <GuardedButton need="ADMIN" size="xs" leftSection={<IconKey size={16} />} onClick={() => setAdding('add')}>Add a key</GuardedButton>
        </Group>
      </Group>
      {props.managed ? <Alert color="gray" p="xs" mb="sm">The server gave this virtual device its key by itself.</Alert> : null}
      <DataTable label="Pre-shared keys" columns={columns} rows={keys.data?.list} rowKey={(row) => row.id} error={keys.error} empty={device.certificateId ? 'No keys: it comes with a certificate.' : 'No keys yet. Without a key or a certificate the device is not let in.'} />
      {adding ? <KeyModal device={device} taken={list.map((key) => key.identity)} rotates={adding === 'rotate'} onClose={() => setAdding(null)} /> : null}
    </Card>
  );
}

function Certificates(props: { device: Device }) {
  const { project, api, page } = useProject();
  const { device } = props;
  const certificates = useList<DeviceCertificate>('certificate', project, api(`devices/${device.id}/certificates`));
  const revoked = useList<RevokedCertificate>('certificate', project, api('revoked-certificates'), { perPage: 1000 });
  const change = useChange<{ revoked?: number }>('certificate', 'device');
  const isRevoked = (row: DeviceCertificate) => (revoked.data?.list ?? []).some((r) => r.fingerprint === row.fingerprint || (r.fingerprint === '' && r.serialNumber === row.serialNumber));
  const ask = (title: string, text: string, confirm: string, body: { path: string; body?: unknown }) => modals.openConfirmModal({
    title, children: <Text size="sm">{text}</Text>, labels: { confirm, cancel: 'Keep' }, confirmProps: { color: 'red' },
    onConfirm: () => change.mutate({ method: 'POST', ...body }, { onSuccess: () => tellDone('Revoked'), onError: (error) => tellError(error) }),
  });
  const columns: Column<DeviceCertificate>[] = [
    { key: 'serial', title: 'Serial number', render: (row) => <Code className="gw-text">{row.serialNumber}</Code> },
    {
      key: 'state', title: '',
      render: (row) => (
        <Group gap={4}>
          {isRevoked(row) ? <Badge size="xs" color="red" variant="light" tt="none">revoked</Badge> : null}
          {row.notAfter && new Date(row.notAfter) < new Date() ? <Badge size="xs" color="orange" variant="light" tt="none">expired</Badge> : null}
          {row.issued ? <Badge size="xs" variant="light" tt="none">issued by this server</Badge> : null}
        </Group>
      ),
    },
    { key: 'until', title: 'Good until', render: (row) => <TimeAgo time={row.notAfter} never="–" /> },
    // One that was not issued here is known because the device came with it.
    { key: 'used', title: 'Last used', render: (row) => <TimeAgo time={row.lastUsed ?? (row.issued ? null : row.createdAt)} /> },
    {
      key: 'actions', title: '', align: 'right',
      render: (row) => (isRevoked(row) ? null : (
        <GuardedIcon need="ADMIN" label={`Revoke ${row.serialNumber}`} onClick={() => ask('Revoke this certificate?', 'The device is not let in with it any more, and a session of it ends. It can be taken back in the project’s settings.', 'Revoke', { path: api('revoked-certificates'), body: { fingerprint: row.fingerprint } })}>
          <IconBan size={16} />
        </GuardedIcon>
      )),
    },
  ];
  const any = (certificates.data?.list ?? []).some((row) => !isRevoked(row));
  return (
    <Card withBorder component="section" aria-label="Certificates">
      <Group justify="space-between" mb="sm">
        <Title order={2} size="h4">Certificates</Title>
        <GuardedButton need="ADMIN" size="xs" variant="default" disabled={!any} leftSection={<IconBan size={16} />}
          onClick={() => ask(`Revoke all certificates of ${device.name}?`, 'None of them lets it in any more, and its session ends.', 'Revoke all', { path: api(`devices/${device.id}/revoke-certificates`) })}>
          Revoke all
        </GuardedButton>
      </Group>
      <DataTable label="Certificates" columns={columns} rows={certificates.data?.list} rowKey={(row) => row.id} error={certificates.error}
        empty={<Text size="sm">None so far. Which certificates are let in is decided by the <Anchor component={Link} size="sm" underline="always" href={page('settings/certificates')}>CAs of the project</Anchor>; what a device comes with shows here.</Text>} />
    </Card>
  );
}

export function DeviceCredentials(props: DeviceTabProps) {
  return (
    <Stack>
      <Keys device={props.device} managed={props.virtual !== undefined} />
      <Certificates device={props.device} />
    </Stack>
  );
}
