// SPDX-License-Identifier: Apache-2.0
import { Anchor, Button, Card, Group, Modal, Stack, Text, Title } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'wouter';
import { useList } from '../../api/queries';
import { useSession } from '../../api/session';
import type { Organization, Project } from '../../api/types';
import { Failure, PageHead } from '../../components/page';
import { Members } from './members';
import { OrganizationForm, ProjectForm } from './organization-forms';
import { ownsOrganization } from './rights';

type Dialogue = { kind: 'organization' } | { kind: 'rename' | 'project' | 'members'; organization: Organization } | null;

function titleOf(dialogue: Dialogue): string {
  switch (dialogue?.kind) {
    case 'organization': return 'New organisation';
    case 'rename': return 'Rename the organisation';
    case 'project': return `New project of ${dialogue.organization.name}`;
    case 'members': return `Members of ${dialogue.organization.name}`;
    default: return '';
  }
}

function OrganizationCard(props: { organization: Organization; projects: Project[]; onOpen: (dialogue: Dialogue) => void }) {
  const { organization, projects, onOpen } = props;
  const { session } = useSession();
  const owns = ownsOrganization(session, organization.id);
  return (
    <Card withBorder component="section" aria-label={organization.name}>
      <Stack gap="sm">
        <Group justify="space-between">
          <Title order={2} size="h4" className="gw-text">{organization.name}</Title>
          <Group gap="xs">
            <Button size="xs" variant="default" onClick={() => onOpen({ kind: 'members', organization })}>Members</Button>
            {owns ? <Button size="xs" variant="default" onClick={() => onOpen({ kind: 'rename', organization })}>Rename</Button> : null}
            {owns ? <Button size="xs" leftSection={<IconPlus size={14} />} onClick={() => onOpen({ kind: 'project', organization })}>New project</Button> : null}
          </Group>
        </Group>
        {projects.length === 0 ? <Text size="sm" c="dimmed">No projects yet.{owns ? ' A project is one fleet: its devices, models and people.' : ''}</Text> : null}
        {projects.map((project) => (
          <Group key={project.id} gap="sm" wrap="nowrap">
            <Anchor component={Link} href={`/p/${encodeURIComponent(project.id)}/overview`} className="gw-text">{project.name}</Anchor>
            <Text size="xs" c="dimmed" className="gw-mono gw-text">{project.id}</Text>
          </Group>
        ))}
      </Stack>
    </Card>
  );
}

export default function Page() {
  const { session } = useSession();
  const organizations = useList<Organization>('organization', '', 'v1/organizations', { perPage: 500 });
  const projects = useList<Project>('project', '', 'v1/projects', { perPage: 1000 });
  const [dialogue, setDialogue] = useState<Dialogue>(null);
  const close = () => setDialogue(null);
  const server = session.account?.serverAdmin === true;
  return (
    <>
      <PageHead title="Organisations and projects" help="An organisation has projects and people; a project is one fleet.">
        {server ? <Button leftSection={<IconPlus size={16} />} onClick={() => setDialogue({ kind: 'organization' })}>New organisation</Button> : null}
      </PageHead>
      <Failure error={organizations.error ?? projects.error} />
      <Stack maw={900}>
        {organizations.data?.list.map((organization) => (
          <OrganizationCard key={organization.id} organization={organization} onOpen={setDialogue}
            projects={(projects.data?.list ?? []).filter((p) => (p.organizationId ?? 'default') === organization.id)} />
        ))}
        {organizations.data?.list.length === 0 ? <Text c="dimmed">You are in no organisation yet. Ask somebody for an invitation.</Text> : null}
      </Stack>
      <Modal opened={dialogue !== null} onClose={close} title={titleOf(dialogue)} size={dialogue?.kind === 'members' ? 'xl' : 'md'}>
        {dialogue?.kind === 'organization' ? <OrganizationForm onDone={close} /> : null}
        {dialogue?.kind === 'rename' ? <OrganizationForm organization={dialogue.organization} onDone={close} /> : null}
        {dialogue?.kind === 'project' ? <ProjectForm organization={dialogue.organization} onDone={close} /> : null}
        {dialogue?.kind === 'members' ? <Members organization={dialogue.organization.id} /> : null}
      </Modal>
    </>
  );
}
