// SPDX-License-Identifier: Apache-2.0
import { Button, Group, MultiSelect, Select, Stack, Switch, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMemo } from 'react';
import { useChange } from '../../api/queries';
import { useProject } from '../../api/session';
import type { ApiKey, Role } from '../../api/types';
import { showErrorAt } from '../devices/editing';
import { useOpenApi } from '../api/document';
import { roleData } from './roles';

const day = 86_400_000;
const lifetimes = [
  { value: '30', label: '30 days' }, { value: '90', label: '90 days' }, { value: '365', label: 'a year' }, { value: '', label: 'It never expires' },
];

/** The groups of the route table; "devices:read" is what only reads of one. */
function useScopes(): string[] {
  const document = useOpenApi();
  return useMemo(() => {
    const groups = new Set((document.data?.groups ?? []).map((group) => group.name));
    return [...groups].flatMap((group) => [group, `${group}:read`]);
  }, [document.data]);
}

export function ApiKeyForm(props: { onDone: (key: ApiKey) => void }) {
  const { api, may } = useProject();
  const change = useChange<ApiKey>('apikey');
  const scopes = useScopes();
  const form = useForm({
    initialValues: { name: '', role: 'viewer' as Role, scopes: [] as string[], days: '90', server: false },
    validate: { name: (value) => (value.trim() === '' ? 'Say what it is for' : null) },
  });
  const submit = form.onSubmit((values) => {
    const body = {
      name: values.name.trim(), role: values.role, scopes: values.scopes,
      ...(values.server ? { server: true } : {}),
      ...(values.days ? { expiresAt: new Date(Date.now() + Number(values.days) * day).toISOString() } : {}),
    };
    change.mutate({ method: 'POST', path: api('apikeys'), body }, { onSuccess: props.onDone, onError: (error) => showErrorAt(form, error, 'name') });
  });
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <TextInput label="Name" description="What it is for: “nightly export”, say" required data-autofocus {...form.getInputProps('name')} />
        <Select label="Role" data={roleData} allowDeselect={false} {...form.getInputProps('role')} />
        <MultiSelect label="Only for" description="Nothing chosen: for all that the role may do" data={scopes} searchable clearable {...form.getInputProps('scopes')} />
        <Select label="How long" data={lifetimes} allowDeselect={false} {...form.getInputProps('days')} />
        {may('SERVER') ? (
          <Switch label="For every project of the server" {...form.getInputProps('server', { type: 'checkbox' })} />
        ) : null}
        <Group justify="flex-end"><Button type="submit" loading={change.isPending}>Make the key</Button></Group>
      </Stack>
    </form>
  );
}
