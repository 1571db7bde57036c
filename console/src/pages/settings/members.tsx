// SPDX-License-Identifier: Apache-2.0
// People of an organisation; also shown among a project's settings.
import { ActionIcon, Badge, Button, Card, Group, Menu, Modal, Stack, Text, Title, VisuallyHidden } from '@mantine/core';
import { IconDots, IconUserPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { useChange, useList } from '../../api/queries';
import { useSession } from '../../api/session';
import type { Member, Project } from '../../api/types';
import { askDelete, tellDone, tellError } from '../../components/forms';
import { DataTable, type Column } from '../../components/table';
import { SecretOnce, TimeAgo } from '../../components/values';
import { InviteForm, RoleForm } from './member-forms';
import { ownsOrganization } from './rights';
import { RoleBadge, RoleTable } from './roles';

export interface ShownLink {
  email: string;
  link: string;
}

function LinkModal(props: { shown: ShownLink | null; onClose: () => void }) {
  return (
    <Modal opened={props.shown !== null} onClose={props.onClose} title="A link that signs in once" size="lg" closeOnClickOutside={false}>
      {props.shown ? (
        <Stack>
          <Text size="sm">
            Send it to <b className="gw-text">{props.shown.email}</b> by a way that only they read: whoever opens it first is signed in as them. It holds for 24 hours.
          </Text>
          <SecretOnce title="Sign-in link" values={[{ label: 'Link', value: props.shown.link }]} />
          <Group justify="flex-end"><Button onClick={props.onClose}>Done</Button></Group>
        </Stack>
      ) : null}
    </Modal>
  );
}

function useActions(organization: string, onLink: (shown: ShownLink) => void) {
  const change = useChange<{ link: string }>('member', 'session');
  const path = (member: Member) => `v1/organizations/${encodeURIComponent(organization)}/members/${encodeURIComponent(member.id)}`;
  return {
    newLink: (member: Member) =>
      change.mutate({ method: 'POST', path: `${path(member)}/link`, body: {} }, {
        onSuccess: (answer) => onLink({ email: member.email, link: answer.link }),
        onError: (error) => tellError(error),
      }),
    remove: (member: Member) =>
      askDelete(member.name || member.email, 'They may do nothing here any more, at once. What they did stays in the audit log; their account stays.', () =>
        change.mutate({ method: 'DELETE', path: path(member) }, {
          onSuccess: () => tellDone('Removed.'),
          onError: (error) => tellError(error, 'Not removed'),
        })),
  };
}

export function Members(props: { organization: string }) {
  const { organization } = props;
  const { session } = useSession();
  const mayInvite = ownsOrganization(session, organization);
  const members = useList<Member>('member', organization, `v1/organizations/${encodeURIComponent(organization)}/members`, { perPage: 500 });
  const projects = useList<Project>('project', '', 'v1/projects', { perPage: 1000 });
  const own = (projects.data?.list ?? []).filter((p) => (p.organizationId ?? 'default') === organization);
  const [inviting, setInviting] = useState(false);
  const [editing, setEditing] = useState<Member | null>(null);
  const [link, setLink] = useState<ShownLink | null>(null);
  const actions = useActions(organization, setLink);
  const nameOf = (id: string) => own.find((p) => p.id === id)?.name ?? id;
  const columns: Column<Member>[] = [
    {
      key: 'who', title: 'Who', render: (m) => (
        <div>
          <Text size="sm" className="gw-text">{m.name || m.email}{m.accountId === session.account?.id ? <Badge size="xs" ml={6} tt="none">you</Badge> : null}</Text>
          {m.name ? <Text size="xs" c="dimmed" className="gw-text">{m.email}</Text> : null}
        </div>
      ),
    },
    { key: 'role', title: 'Role', render: (m) => <RoleBadge role={m.role} /> },
    { key: 'where', title: 'Where', render: (m) => (m.projectId === '' ? 'whole organisation' : <span className="gw-text">{nameOf(m.projectId)}</span>) },
    { key: 'totp', title: 'Two steps', render: (m) => (m.totpEnabled ? <Badge c="bright" color="green" variant="light" tt="none">on</Badge> : <Text span size="sm" c="dimmed">off</Text>) },
    { key: 'used', title: 'Last here', render: (m) => (m.invited ? <Badge c="bright" color="yellow" variant="light" tt="none">invited</Badge> : <TimeAgo time={m.lastUsed} />) },
    ...(mayInvite ? [{
      key: 'actions', title: <VisuallyHidden>Actions</VisuallyHidden>, align: 'right' as const, render: (m: Member) => (
        <Menu position="bottom-end">
          <Menu.Target><ActionIcon variant="subtle" color="gray" aria-label={`Actions for ${m.email}`}><IconDots size={18} /></ActionIcon></Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={() => setEditing(m)}>Change role…</Menu.Item>
            <Menu.Item onClick={() => actions.newLink(m)}>{m.invited ? 'New invitation link' : 'Link for a lost password'}</Menu.Item>
            <Menu.Item color="red" onClick={() => actions.remove(m)}>Remove…</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      ),
    }] : []),
  ];
  return (
    <Stack>
      <Group justify="space-between">
        <Text size="sm" c="dimmed">Who may work here. Nobody gets mail: an invitation is a link that you send yourself.</Text>
        {mayInvite ? <Button leftSection={<IconUserPlus size={16} />} onClick={() => setInviting(true)}>Invite</Button> : null}
      </Group>
      <DataTable label="Members" columns={columns} rows={members.data?.list} rowKey={(m) => m.id} error={members.error}
        empty="Nobody yet but the admins of the server. Invite those who work with you." />
      {mayInvite ? null : <Text size="sm" c="dimmed">Only an admin of the organisation invites and removes people.</Text>}
      <Card withBorder component="section" aria-label="Roles" maw={720}>
        <Title order={2} size="h4" mb="xs">Who may do what</Title>
        <RoleTable />
      </Card>
      <Modal opened={inviting} onClose={() => setInviting(false)} title="Invite somebody">
        <InviteForm organization={organization} projects={own} onDone={(shown) => { setInviting(false); setLink(shown); }} />
      </Modal>
      <Modal opened={editing !== null} onClose={() => setEditing(null)} title={`Role of ${editing?.name || editing?.email || ''}`}>
        {editing ? <RoleForm organization={organization} projects={own} member={editing} onDone={() => setEditing(null)} /> : null}
      </Modal>
      <LinkModal shown={link} onClose={() => setLink(null)} />
    </Stack>
  );
}
