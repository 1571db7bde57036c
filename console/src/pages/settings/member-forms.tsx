// SPDX-License-Identifier: Apache-2.0
import { Button, Group, Select, Stack, TextInput } from '@mantine/core';
import { useForm, type UseFormReturnType } from '@mantine/form';
import { useChange } from '../../api/queries';
import type { Member, Project, Role } from '../../api/types';
import { tellDone } from '../../components/forms';
import { showErrorAt } from '../devices/editing';
import type { ShownLink } from './members';
import { roleData } from './roles';

const WHOLE = '';

function RoleFields(props: { form: UseFormReturnType<any>; projects: Project[] }) {
  const { form, projects } = props;
  const data = [{ value: WHOLE, label: 'Every project of the organisation' }, ...projects.map((p) => ({ value: p.id, label: `Only the project ${p.name}` }))];
  return (
    <>
      <Select label="Role" data={roleData} allowDeselect={false} {...form.getInputProps('role')} />
      <Select label="Where" data={data} allowDeselect={false} searchable={projects.length > 8} {...form.getInputProps('projectId')} />
    </>
  );
}

export function InviteForm(props: { organization: string; projects: Project[]; onDone: (shown: ShownLink | null) => void }) {
  const change = useChange<Member>('member');
  const form = useForm({
    initialValues: { email: '', name: '', role: 'viewer' as Role, projectId: WHOLE },
    validate: { email: (value) => (/^\S+@\S+$/.test(value.trim()) ? null : 'An e-mail address, such as grace@example.org') },
  });
  const submit = form.onSubmit((values) => {
    const body = {
      email: values.email.trim(), role: values.role,
      ...(values.name.trim() ? { name: values.name.trim() } : {}),
      ...(values.projectId ? { projectId: values.projectId } : {}),
    };
    change.mutate({ method: 'POST', path: `v1/organizations/${encodeURIComponent(props.organization)}/members`, body }, {
      onSuccess: (member) => {
        // Who has an account already is in at once.
        if (!member.link) tellDone(`${member.email} has an account already and may work here now.`);
        props.onDone(member.link ? { email: member.email, link: member.link } : null);
      },
      onError: (error) => showErrorAt(form, error, 'email'),
    });
  });
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <TextInput label="E-mail" type="email" required data-autofocus {...form.getInputProps('email')} />
        <TextInput label="Name" {...form.getInputProps('name')} />
        <RoleFields form={form} projects={props.projects} />
        <Group justify="flex-end"><Button type="submit" loading={change.isPending}>Make the link</Button></Group>
      </Stack>
    </form>
  );
}

export function RoleForm(props: { organization: string; projects: Project[]; member: Member; onDone: () => void }) {
  const { member } = props;
  const change = useChange<Member>('member', 'session');
  const form = useForm({ initialValues: { role: member.role, projectId: member.projectId } });
  const submit = form.onSubmit((values) =>
    change.mutate({ method: 'PATCH', path: `v1/organizations/${encodeURIComponent(props.organization)}/members/${encodeURIComponent(member.id)}`, body: values }, {
      onSuccess: () => {
        tellDone('Saved. Where they are signed in, they have to sign in again.');
        props.onDone();
      },
      onError: (error) => showErrorAt(form, error, 'role'),
    }));
  return (
    <form onSubmit={submit}>
      <Stack>
        <RoleFields form={form} projects={props.projects} />
        <Group justify="flex-end"><Button type="submit" loading={change.isPending}>Save</Button></Group>
      </Stack>
    </form>
  );
}
