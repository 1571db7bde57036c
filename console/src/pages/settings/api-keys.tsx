// SPDX-License-Identifier: Apache-2.0
import { ActionIcon, Alert, Badge, Button, Group, Modal, Stack, Switch, Text, VisuallyHidden } from '@mantine/core';
import { IconKey, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { apiUrl } from '../../api/client';
import { useChange, useList } from '../../api/queries';
import { useProject } from '../../api/session';
import type { ApiKey } from '../../api/types';
import { askDelete, tellDone, tellError } from '../../components/forms';
import { GuardedButton } from '../../components/guarded';
import { DataTable, type Column } from '../../components/table';
import { SecretOnce, TimeAgo } from '../../components/values';
import { ApiKeyForm } from './api-key-form';
import { RoleBadge } from './roles';

const SOON_MS = 14 * 86_400_000;

function Expiry(props: { time: string | null }) {
  if (!props.time) return <Text span size="sm" c="dimmed">never</Text>;
  const left = new Date(props.time).getTime() - Date.now();
  if (left <= 0) return <Badge c="bright" color="red" variant="light" tt="none">expired</Badge>;
  return <Group gap={6} wrap="nowrap"><TimeAgo time={props.time} />{left < SOON_MS ? <Badge size="xs" c="bright" color="yellow" variant="light" tt="none">soon</Badge> : null}</Group>;
}

/** A route that a key of these scopes may read, to try it with. */
function tryPath(scopes: string[]): string {
  const lists = ['devices', 'artifacts', 'releases', 'captures', 'tags', 'blueprints', 'settings', 'logs', 'credentials', 'certificates', 'overview'];
  return scopes.map((scope) => scope.split(':')[0]!).find((group) => lists.includes(group)) ?? 'devices';
}

function NewKey(props: { made: ApiKey | null; onClose: () => void }) {
  const { project } = useProject();
  const { made } = props;
  return (
    <Modal opened={made !== null} onClose={props.onClose} title={`API key ${made?.name ?? ''}`} size="lg" closeOnClickOutside={false}>
      {made ? (
        <Stack>
          <SecretOnce title="API key" values={[
            { label: 'Key', value: made.key ?? '' },
            { label: 'To try it', value: `curl -H 'x-api-key: ${made.key ?? ''}' ${apiUrl(`v1/projects/${encodeURIComponent(project)}/${tryPath(made.scopes ?? [])}`)}` },
          ]} />
          <Group justify="flex-end"><Button onClick={props.onClose}>Done</Button></Group>
        </Stack>
      ) : null}
    </Modal>
  );
}

export function ApiKeys() {
  const { project, api, may } = useProject();
  const admin = may('ADMIN');
  const keys = useList<ApiKey>('apikey', project, api('apikeys'), { perPage: 500 }, admin);
  const change = useChange<ApiKey>('apikey');
  const [creating, setCreating] = useState(false);
  const [made, setMade] = useState<ApiKey | null>(null);
  if (!admin) return <Alert color="gray">API keys are secrets of the project: only its admins see and make them.</Alert>;
  const path = (key: ApiKey) => api(`apikeys/${encodeURIComponent(key.id)}`);
  const toggle = (key: ApiKey) => change.mutate({ method: 'PATCH', path: path(key), body: { enabled: !key.enabled } }, { onError: (error) => tellError(error) });
  const remove = (key: ApiKey) =>
    askDelete(`the API key ${key.name}`, 'Programs that use it are refused from now on.', () =>
      change.mutate({ method: 'DELETE', path: path(key) }, { onSuccess: () => tellDone('The key is deleted.'), onError: (error) => tellError(error) }));
  const columns: Column<ApiKey>[] = [
    { key: 'name', title: 'Name', render: (k) => <Group gap={6} wrap="nowrap"><span className="gw-text">{k.name}</span>{k.server ? <Badge size="xs" c="bright" color="orange" variant="light" tt="none">whole server</Badge> : null}</Group> },
    { key: 'role', title: 'Role', render: (k) => <RoleBadge role={k.role} /> },
    { key: 'scopes', title: 'For', render: (k) => ((k.scopes ?? []).length === 0 ? 'everything' : <span className="gw-mono gw-text">{k.scopes.join(', ')}</span>) },
    { key: 'expires', title: 'Expires', render: (k) => <Expiry time={k.expiresAt} /> },
    { key: 'used', title: 'Last used', render: (k) => <TimeAgo time={k.lastUsed} /> },
    { key: 'enabled', title: 'Enabled', render: (k) => <Switch size="sm" checked={k.enabled} onChange={() => toggle(k)} aria-label={`${k.name} is enabled`} /> },
    { key: 'delete', title: <VisuallyHidden>Actions</VisuallyHidden>, align: 'right', render: (k) => <ActionIcon variant="subtle" color="red" aria-label={`Delete ${k.name}`} onClick={() => remove(k)}><IconTrash size={18} /></ActionIcon> },
  ];
  return (
    <Stack>
      <Group justify="space-between">
        <Text size="sm" c="dimmed">For scripts and programs: sent as the header x-api-key. Give each its own, with no more rights than it needs.</Text>
        <GuardedButton right="ADMIN" leftSection={<IconKey size={16} />} onClick={() => setCreating(true)}>New API key</GuardedButton>
      </Group>
      <DataTable label="API keys" columns={columns} rows={keys.data?.list} rowKey={(k) => k.id} error={keys.error} empty="No API keys yet. Make one for each script that talks to this server." />
      <Modal opened={creating} onClose={() => setCreating(false)} title="New API key">
        <ApiKeyForm onDone={(key) => { setCreating(false); setMade(key); }} />
      </Modal>
      <NewKey made={made} onClose={() => setMade(null)} />
    </Stack>
  );
}
