// SPDX-License-Identifier: Apache-2.0
import { Button, Group, Modal, Skeleton, Stack, Text, TextInput } from '@mantine/core';
import { IconPencil, IconPlus, IconTrash } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { useChange, useList, useObject } from '../../api/queries';
import { useProject } from '../../api/session';
import type { Tag } from '../../api/types';
import { askDelete, tellDone, tellError } from '../../components/forms';
import { Failure, PageHead } from '../../components/page';
import { useParamsOf } from '../../components/params';
import { DataTable, type Column } from '../../components/table';
import { TimeAgo } from '../../components/values';
import { DeviceCount } from './device-count';
import { showErrorAt, useEditForm } from './editing';
import { GuardedButton, GuardedIcon } from './parts';

function TagForm(props: { id: string; onClose: () => void }) {
  const { project, api } = useProject();
  const isNew = props.id === '';
  const query = useObject<Tag>('tag', project, api(`tags/${props.id}`), {}, !isNew);
  const { form, etag, readAgain, saved } = useEditForm(query, { name: '' }, (tag: Tag) => ({ name: tag.name }), { name: (value) => (value.trim() === '' ? 'Give it a name' : null) });
  const change = useChange<Tag>('tag', 'rollout');
  const submit = form.onSubmit(async (values) => {
    try {
      await change.mutateAsync(isNew ? { method: 'POST', path: api('tags'), body: values } : { method: 'PATCH', path: api(`tags/${props.id}`), body: values, ifMatch: etag() });
      saved();
      props.onClose();
    } catch (error) {
      showErrorAt(form, error, 'name', readAgain);
    }
  });
  if (!isNew && query.error) return <Failure error={query.error} what="This tag" />;
  if (!isNew && query.data === undefined) return <Skeleton h={110} />;
  return (
    <form onSubmit={(event) => void submit(event)} noValidate>
      <Stack>
        <TextInput label="Name" required data-autofocus maxLength={64} description={isNew ? 'Say what the devices have in common: “beta”, “factory-2”, “kitchen”.' : 'Devices and releases keep it under the new name.'} {...form.getInputProps('name')} />
        <Group justify="flex-end">
          <Button variant="default" onClick={props.onClose}>Cancel</Button>
          <Button type="submit" loading={change.isPending}>{isNew ? 'Create tag' : 'Rename'}</Button>
        </Group>
      </Stack>
    </form>
  );
}

export default function Page() {
  const { project, api } = useProject();
  const [params, change] = useParamsOf({ page: '0', perPage: '50', edit: '' });
  const [creating, setCreating] = useState(false);
  const list = useList<Tag>('tag', project, api('tags'), { page: params.page, perPage: params.perPage });
  const remove = useChange('tag');
  const columns = useMemo<Column<Tag>[]>(() => [
    { key: 'name', title: 'Name', render: (row) => <Text size="sm" fw={600} className="gw-text">{row.name}</Text> },
    { key: 'devices', title: 'Devices', align: 'right', render: (row) => <DeviceCount filter={{ tags: row.id }} /> },
    { key: 'created', title: 'Created', render: (row) => <TimeAgo time={row.createdAt} /> },
    {
      key: 'actions', title: '', align: 'right',
      render: (row) => (
        <Group gap={4} justify="flex-end" wrap="nowrap">
          <GuardedIcon need="OPERATE" label={`Rename ${row.name}`} onClick={() => change({ edit: row.id, page: params.page })}><IconPencil size={16} /></GuardedIcon>
          <GuardedIcon need="OPERATE" label={`Delete ${row.name}`} onClick={() => askDelete(row.name, 'It can be deleted once no device and no release has it.', () => {
            remove.mutate({ method: 'DELETE', path: api(`tags/${row.id}`) }, { onSuccess: () => tellDone(`${row.name} deleted`), onError: (error) => tellError(error, `${row.name} stays`) });
          })}><IconTrash size={16} /></GuardedIcon>
        </Group>
      ),
    },
  ], [api, params.page]);
  const close = () => {
    setCreating(false);
    change({ edit: '', page: params.page });
  };
  return (
    <>
      <PageHead title="Tags" help="Groups of devices. A release that asks for tags reaches only devices that have all of them.">
        <GuardedButton need="OPERATE" leftSection={<IconPlus size={16} />} onClick={() => setCreating(true)}>New tag</GuardedButton>
      </PageHead>
      <DataTable label="Tags" columns={columns} rows={list.data?.list} rowKey={(row) => row.id} error={list.error}
        page={Number(params.page)} perPage={Number(params.perPage)} total={list.data?.total ?? 0} onPage={(page) => change({ page: String(page) })}
        empty={(
          <Stack align="center">
            <Text>No tags yet. Make one such as “beta”, give it to a few devices, and try releases on those first.</Text>
            <GuardedButton need="OPERATE" onClick={() => setCreating(true)}>New tag</GuardedButton>
          </Stack>
        )} />
      <Modal opened={creating || params.edit !== ''} onClose={close} title={params.edit ? 'Rename tag' : 'New tag'}>
        <TagForm key={params.edit} id={params.edit} onClose={close} />
      </Modal>
    </>
  );
}
