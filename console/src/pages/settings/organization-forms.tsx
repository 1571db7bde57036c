// SPDX-License-Identifier: Apache-2.0
import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useLocation } from 'wouter';
import { useChange, useObject } from '../../api/queries';
import type { Organization, Project } from '../../api/types';
import { showErrorAt } from '../devices/editing';
import { tellDone } from '../../components/forms';

/** What the server makes of a name when nobody says an id. */
export function suggestId(name: string): string {
  return name.toLowerCase().normalize('NFKD').replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 32);
}
const needsName = (value: string) => (value.trim() === '' ? 'It needs a name' : null);

export function OrganizationForm(props: { organization?: Organization; onDone: () => void }) {
  const { organization } = props;
  const path = `v1/organizations/${encodeURIComponent(organization?.id ?? '')}`;
  // Read again for its ETag: a second editor is told.
  const current = useObject<Organization>('organization', '', path, {}, organization !== undefined);
  const change = useChange<Organization>('organization', 'session', 'project');
  const form = useForm({ initialValues: { name: organization?.name ?? '' }, validate: { name: needsName } });
  const submit = form.onSubmit((values) => {
    const body = { name: values.name.trim() };
    const request = organization
      ? { method: 'PATCH' as const, path, body, ifMatch: current.data?.etag }
      : { method: 'POST' as const, path: 'v1/organizations', body };
    change.mutate(request, {
      onSuccess: () => {
        tellDone(organization ? 'Renamed.' : 'The organisation is there. Make its first project now.');
        props.onDone();
      },
      onError: (error) => showErrorAt(form, error, 'name', () => void current.refetch().then((r) => r.data && form.setValues({ name: r.data.data.name }))),
    });
  });
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <TextInput label="Name" required data-autofocus {...form.getInputProps('name')} />
        <Group justify="flex-end"><Button type="submit" loading={change.isPending}>{organization ? 'Rename' : 'Create'}</Button></Group>
      </Stack>
    </form>
  );
}

export function ProjectForm(props: { organization: Organization; onDone: () => void }) {
  const [, navigate] = useLocation();
  const change = useChange<Project>('project', 'session');
  const form = useForm({ initialValues: { name: '', id: '' }, validate: { name: needsName } });
  const submit = form.onSubmit((values) => {
    const body = { name: values.name.trim(), organizationId: props.organization.id, ...(values.id.trim() ? { id: values.id.trim() } : {}) };
    change.mutate({ method: 'POST', path: 'v1/projects', body }, {
      onSuccess: (project) => {
        props.onDone();
        navigate(`/p/${encodeURIComponent(project.id)}/start`);
      },
      onError: (error) => showErrorAt(form, error, 'name'),
    });
  });
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <TextInput label="Name" required data-autofocus {...form.getInputProps('name')} />
        <TextInput label="Id" description="Stands in routes and in what devices call themselves; it never changes" placeholder={suggestId(form.values.name) || 'made from the name'} {...form.getInputProps('id')} />
        <Text size="xs" c="dimmed">Devices sign in as NAME@{form.values.id || suggestId(form.values.name) || 'ID'}.</Text>
        <Group justify="flex-end"><Button type="submit" loading={change.isPending}>Create</Button></Group>
      </Stack>
    </form>
  );
}
