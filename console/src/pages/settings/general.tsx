// SPDX-License-Identifier: Apache-2.0
import { Button, Card, Code, Fieldset, Group, NumberInput, Stack, Switch, Text, TextInput, Title } from '@mantine/core';
import { useLocation } from 'wouter';
import { useChange, useObject } from '../../api/queries';
import { useProject, useSession } from '../../api/session';
import type { Project } from '../../api/types';
import { GuardedButton } from '../../components/guarded';
import { askDelete, showFormError, tellDone, tellError } from '../../components/forms';
import { Failure } from '../../components/page';
import { CopyIcon, countText, TimeAgo } from '../../components/values';
import { useEditForm } from '../devices/editing';
import { ONLY_ADMINS, ownsOrganization } from './rights';

interface ProjectSettings extends Project {
  autoProvision: boolean;
  autoProvisionMax: number;
  autoProvisioned: number;
  certificateDays: number;
}
const empty = { name: '', autoProvision: false, autoProvisionMax: 0, certificateDays: 0 };

function DeleteProject(props: { project: ProjectSettings }) {
  const { api } = useProject();
  const [, navigate] = useLocation();
  const change = useChange('project');
  const path = api('').replace(/\/$/, '');
  const ask = () =>
    askDelete(`the project ${props.project.name}`, 'Only an empty project can be deleted: delete its devices, releases and artifacts first. Its audit log stays on the server.', () =>
      change.mutate({ method: 'DELETE', path }, {
        onSuccess: () => {
          localStorage.removeItem('godwit.project');
          tellDone('The project is deleted.');
          navigate('/');
        },
        onError: (error) => tellError(error, 'The project was not deleted'),
      }));
  return (
    <Card withBorder component="section" aria-label="Delete the project">
      <Group justify="space-between">
        <div>
          <Title order={2} size="h4">Delete this project</Title>
          <Text size="sm" c="dimmed">Only an empty one goes.</Text>
        </div>
        <GuardedButton right="ADMIN" color="red" variant="light" onClick={ask} loading={change.isPending}>Delete…</GuardedButton>
      </Group>
    </Card>
  );
}

export function General() {
  const { project, organization, api, may } = useProject();
  const { session } = useSession();
  const path = api('').replace(/\/$/, '');
  const query = useObject<ProjectSettings>('project', project, path);
  const change = useChange<ProjectSettings>('project');
  const { form, etag, readAgain, saved } = useEditForm(query, empty, (p) => ({
    name: p.name, autoProvision: p.autoProvision, autoProvisionMax: p.autoProvisionMax, certificateDays: p.certificateDays,
  }), { name: (value: string) => (value.trim() === '' ? 'A project needs a name' : null) });
  if (query.error && !query.data) return <Failure error={query.error} what={`The project ${project}`} />;
  const shown = query.data?.data;
  const admin = may('ADMIN');
  const submit = form.onSubmit((values) =>
    change.mutate({ method: 'PATCH', path, body: { ...values, name: values.name.trim() }, ifMatch: etag() }, {
      onSuccess: () => {
        saved();
        tellDone('Saved.');
      },
      onError: (error) => showFormError(form, error, readAgain),
    }));
  return (
    <Stack maw={720}>
      <Card withBorder component="section" aria-label="Project">
        <form onSubmit={submit}>
          <Stack>
            <Fieldset variant="unstyled" disabled={!admin}>
              <Stack>
                <TextInput label="Name" required {...form.getInputProps('name')} />
                <Group gap="xs">
                  <Text size="sm">Id, in routes and in what devices call themselves: <Code>{project}</Code></Text>
                  <CopyIcon value={project} label="Copy the id" />
                </Group>
                <Title order={2} size="h4" mt="sm">Devices with certificates</Title>
                <Switch label="Unknown devices with a right certificate are let in" description="A certificate of a CA that this project trusts makes the device, named after its subject."
                  {...form.getInputProps('autoProvision', { type: 'checkbox' })} />
                <NumberInput label="So many devices at most" description={`For the day on which a CA’s key is stolen. ${countText(shown?.autoProvisioned ?? 0)} were made so until now.`}
                  min={0} allowDecimal={false} {...form.getInputProps('autoProvisionMax')} />
                <NumberInput label="Days a renewed certificate holds" description="What the server signs when a device asks for its next certificate."
                  min={1} allowDecimal={false} {...form.getInputProps('certificateDays')} />
              </Stack>
            </Fieldset>
            <Group justify="space-between">
              <Text size="xs" c="dimmed">{shown ? <>Made <TimeAgo time={shown.createdAt} /></> : null}</Text>
              {admin ? <Button type="submit" loading={change.isPending} disabled={!form.isDirty()}>Save</Button> : <Text size="sm" c="dimmed">{ONLY_ADMINS}</Text>}
            </Group>
          </Stack>
        </form>
      </Card>
      {shown && ownsOrganization(session, organization) ? <DeleteProject project={shown} /> : null}
    </Stack>
  );
}
