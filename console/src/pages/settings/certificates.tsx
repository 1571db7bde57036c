// SPDX-License-Identifier: Apache-2.0
import { ActionIcon, Badge, Button, Group, Menu, Modal, Stack, Text, Title, Tooltip, VisuallyHidden } from '@mantine/core';
import { IconCertificate, IconDownload, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { useChange, useList } from '../../api/queries';
import { useProject } from '../../api/session';
import type { Certificate, RevokedCertificate } from '../../api/types';
import { askDelete, tellDone, tellError } from '../../components/forms';
import { GuardedButton } from '../../components/guarded';
import { saveText } from '../../components/save';
import { DataTable, type Column } from '../../components/table';
import { CopyIcon, TimeAgo } from '../../components/values';
import { CaForm, RevokeForm, UploadForm } from './certificate-forms';

type Dialogue = 'upload' | 'ca' | 'revoke' | null;
const titles = { upload: 'Trust a CA of your own', ca: 'Let the server make a CA', revoke: 'Revoke a certificate' };

function shortHex(hex: string): string {
  return hex.length > 20 ? `${hex.slice(0, 20)}…` : hex;
}
function Hex(props: { value: string; label: string }) {
  if (!props.value) return <Text span c="dimmed">–</Text>;
  return (
    <Group gap={2} wrap="nowrap">
      <Tooltip label={props.value} multiline maw={420}><span className="gw-mono">{shortHex(props.value)}</span></Tooltip>
      <CopyIcon value={props.value} label={props.label} />
    </Group>
  );
}

function Holds(props: { certificate: Certificate }) {
  const now = Date.now();
  if (new Date(props.certificate.notAfter ?? Infinity).getTime() < now) return <Badge c="bright" color="red" variant="light" tt="none">expired</Badge>;
  if (new Date(props.certificate.notBefore ?? 0).getTime() > now) return <Badge c="bright" color="yellow" variant="light" tt="none">not valid yet</Badge>;
  return <>until <TimeAgo time={props.certificate.notAfter} /></>;
}

function useCaColumns(onDelete: (certificate: Certificate) => void): Column<Certificate>[] {
  const { may } = useProject();
  const save = (certificate: Certificate) => saveText(`${certificate.subject.replace(/[^\w.-]+/g, '-') || 'ca'}.pem`, atob(certificate.certFile ?? ''));
  return [
    { key: 'subject', title: 'Subject', render: (c) => <span className="gw-text">{c.subject}</span> },
    { key: 'type', title: 'Type', render: (c) => <Group gap={6} wrap="nowrap">{c.certType}{c.canSign ? <Tooltip label="The server has its key and answers requests for certificates with it"><Badge size="xs" c="bright" variant="light" tt="none" tabIndex={0}>signs</Badge></Tooltip> : null}</Group> },
    { key: 'holds', title: 'Holds', render: (c) => <Holds certificate={c} /> },
    { key: 'fingerprint', title: 'SHA-256', render: (c) => <Hex value={c.fingerprint} label="Copy fingerprint" /> },
    {
      key: 'actions', title: <VisuallyHidden>Actions</VisuallyHidden>, align: 'right', render: (c) => (
        <Group gap={2} wrap="nowrap" justify="flex-end">
          <ActionIcon variant="subtle" color="gray" aria-label={`Save ${c.subject}`} onClick={() => save(c)}><IconDownload size={18} /></ActionIcon>
          {may('ADMIN') ? <ActionIcon variant="subtle" color="red" aria-label={`Delete ${c.subject}`} onClick={() => onDelete(c)}><IconTrash size={18} /></ActionIcon> : null}
        </Group>
      ),
    },
  ];
}

function Revoked(props: { onRevoke: () => void }) {
  const { project, api, may } = useProject();
  const list = useList<RevokedCertificate>('certificate', project, api('revoked-certificates'), { perPage: 500 });
  const change = useChange('certificate');
  const restore = (row: RevokedCertificate) =>
    change.mutate({ method: 'DELETE', path: api(`revoked-certificates/${encodeURIComponent(row.id)}`) }, {
      onSuccess: () => tellDone('It is let in again.'), onError: (error) => tellError(error),
    });
  const columns: Column<RevokedCertificate>[] = [
    { key: 'serial', title: 'Serial number', render: (r) => <Hex value={r.serialNumber} label="Copy serial number" /> },
    { key: 'fingerprint', title: 'SHA-256', render: (r) => <Hex value={r.fingerprint} label="Copy fingerprint" /> },
    { key: 'time', title: 'Revoked', render: (r) => <TimeAgo time={r.createdAt} /> },
    ...(may('ADMIN') ? [{ key: 'actions', title: <VisuallyHidden>Actions</VisuallyHidden>, align: 'right' as const, render: (r: RevokedCertificate) => <Button size="compact-sm" variant="default" onClick={() => restore(r)}>Let in again</Button> }] : []),
  ];
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Title order={2} size="h4">Revoked certificates</Title>
        <GuardedButton right="ADMIN" variant="default" onClick={props.onRevoke}>Revoke…</GuardedButton>
      </Group>
      <DataTable label="Revoked certificates" columns={columns} rows={list.data?.list} rowKey={(r) => r.id} error={list.error} empty="None. A device’s certificates can be revoked on its own page, too." />
    </Stack>
  );
}

export function Certificates() {
  const { project, api, may } = useProject();
  const list = useList<Certificate>('certificate', project, api('certificates'), { perPage: 500 });
  const change = useChange('certificate');
  const [dialogue, setDialogue] = useState<Dialogue>(null);
  const remove = (certificate: Certificate) =>
    askDelete('this CA', `Devices with certificates of “${certificate.subject}” are not let in any more, and their sessions end now.`, () =>
      change.mutate({ method: 'DELETE', path: api(`certificates/${encodeURIComponent(certificate.id)}`) }, {
        onSuccess: () => tellDone('It is trusted no more.'), onError: (error) => tellError(error),
      }));
  const columns = useCaColumns(remove);
  const close = () => setDialogue(null);
  return (
    <Stack>
      <Group justify="space-between">
        <div>
          <Title order={2} size="h4">Certificate authorities</Title>
          <Text size="sm" c="dimmed">Devices whose certificates they signed are let in: O is the project, CN the device.</Text>
        </div>
        {may('ADMIN') ? (
          <Menu position="bottom-end">
            <Menu.Target><Button leftSection={<IconCertificate size={16} />}>Add a CA</Button></Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={() => setDialogue('upload')}>Your own, as a PEM file…</Menu.Item>
              <Menu.Item onClick={() => setDialogue('ca')}>One that the server makes…</Menu.Item>
            </Menu.Dropdown>
          </Menu>
        ) : <GuardedButton right="ADMIN" onClick={() => undefined}>Add a CA</GuardedButton>}
      </Group>
      <DataTable label="Certificate authorities" columns={columns} rows={list.data?.list} rowKey={(c) => c.id} error={list.error}
        empty="None yet: devices sign in with pre-shared keys. With certificates no secret of a device is on the server." />
      <Revoked onRevoke={() => setDialogue('revoke')} />
      <Modal opened={dialogue !== null} onClose={close} title={dialogue ? titles[dialogue] : ''}>
        {dialogue === 'upload' ? <UploadForm onDone={close} /> : dialogue === 'ca' ? <CaForm onDone={close} /> : dialogue === 'revoke' ? <RevokeForm onDone={close} /> : null}
      </Modal>
    </Stack>
  );
}
