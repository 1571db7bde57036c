// SPDX-License-Identifier: Apache-2.0
import { Button, Group, Modal, NumberInput, Skeleton, Stack, Text, TextInput } from '@mantine/core';
import { IconPencil, IconPlus, IconTrash } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { useChange, useList, useObject } from '../../api/queries';
import { useProject } from '../../api/session';
import type { Blueprint } from '../../api/types';
import { askDelete, tellDone, tellError } from '../../components/forms';
import { Failure, PageHead } from '../../components/page';
import { useParamsOf } from '../../components/params';
import { DataTable, type Column } from '../../components/table';
import { bytesText, TimeAgo } from '../../components/values';
import { DeviceCount } from './device-count';
import { showErrorAt, useEditForm } from './editing';
import { GuardedButton, GuardedIcon } from './parts';

const empty = { name: '', platform: '', boardId: '', arenaBytes: 0 as number | string, modelBytesMax: 0 as number | string };
type Values = typeof empty;
const toValues = (blueprint: Blueprint): Values => ({
  name: blueprint.name, platform: blueprint.platform, boardId: blueprint.boardId, arenaBytes: blueprint.arenaBytes ?? 0, modelBytesMax: blueprint.modelBytesMax ?? 0,
});

function BlueprintForm(props: { id: string; onClose: () => void }) {
  const { project, api } = useProject();
  const isNew = props.id === '';
  const query = useObject<Blueprint>('blueprint', project, api(`blueprints/${props.id}`), {}, !isNew);
  const { form, etag, readAgain, saved } = useEditForm(query, empty, toValues, { name: (value) => (String(value).trim() === '' ? 'Give it a name' : null) });
  const change = useChange<Blueprint>('blueprint', 'device', 'rollout');
  const submit = form.onSubmit(async (values) => {
    const body = { ...values, arenaBytes: Number(values.arenaBytes) || 0, modelBytesMax: Number(values.modelBytesMax) || 0 };
    try {
      await change.mutateAsync(isNew ? { method: 'POST', path: api('blueprints'), body } : { method: 'PATCH', path: api(`blueprints/${props.id}`), body, ifMatch: etag() });
      saved();
      tellDone(`${values.name} saved`);
      props.onClose();
    } catch (error) {
      showErrorAt(form, error, 'name', readAgain);
    }
  });
  if (!isNew && query.error) return <Failure error={query.error} what="This blueprint" />;
  if (!isNew && query.data === undefined) return <Skeleton h={320} />;
  return (
    <form onSubmit={(event) => void submit(event)} noValidate>
      <Stack>
        <TextInput label="Name" required data-autofocus maxLength={64} {...form.getInputProps('name')} />
        <Group grow align="flex-start">
          <TextInput label="Platform" description="For people: ESP-IDF, Zephyr…" maxLength={64} {...form.getInputProps('platform')} />
          <TextInput label="Board" description="For people: m5stack-cores3…" maxLength={64} {...form.getInputProps('boardId')} />
        </Group>
        <Text size="sm" c="dimmed">
          What models may need on this hardware. It counts for devices that do not report it themselves; 0 means not said.
        </Text>
        <Group grow align="flex-start">
          <NumberInput label="Tensor arena (bytes)" min={0} allowDecimal={false} allowNegative={false} thousandSeparator="," {...form.getInputProps('arenaBytes')} />
          <NumberInput label="Largest model (bytes)" min={0} allowDecimal={false} allowNegative={false} thousandSeparator="," {...form.getInputProps('modelBytesMax')} />
        </Group>
        <Group justify="flex-end">
          <Button variant="default" onClick={props.onClose}>Cancel</Button>
          <Button type="submit" loading={change.isPending}>{isNew ? 'Create blueprint' : 'Save'}</Button>
        </Group>
      </Stack>
    </form>
  );
}

function limitText(bytes: number | undefined) {
  return bytes ? bytesText(bytes) : <Text span size="sm" c="dimmed">–</Text>;
}

export default function Page() {
  const { project, api } = useProject();
  const [params, change] = useParamsOf({ page: '0', perPage: '50', edit: '' });
  const [creating, setCreating] = useState(false);
  const list = useList<Blueprint>('blueprint', project, api('blueprints'), { page: params.page, perPage: params.perPage });
  const remove = useChange('blueprint');
  const columns = useMemo<Column<Blueprint>[]>(() => [
    { key: 'name', title: 'Name', render: (row) => <Text size="sm" fw={600} className="gw-text">{row.name}</Text> },
    { key: 'platform', title: 'Platform', render: (row) => <span className="gw-text">{row.platform || '–'}</span> },
    { key: 'board', title: 'Board', render: (row) => <span className="gw-text">{row.boardId || '–'}</span> },
    { key: 'arena', title: 'Arena', align: 'right', render: (row) => limitText(row.arenaBytes) },
    { key: 'model', title: 'Largest model', align: 'right', render: (row) => limitText(row.modelBytesMax) },
    { key: 'devices', title: 'Devices', align: 'right', render: (row) => <DeviceCount filter={{ blueprintId: row.id }} /> },
    { key: 'updated', title: 'Changed', render: (row) => <TimeAgo time={row.updatedAt} /> },
    {
      key: 'actions', title: '', align: 'right',
      render: (row) => (
        <Group gap={4} justify="flex-end" wrap="nowrap">
          <GuardedIcon need="OPERATE" label={`Edit ${row.name}`} onClick={() => change({ edit: row.id, page: params.page })}><IconPencil size={16} /></GuardedIcon>
          <GuardedIcon need="OPERATE" label={`Delete ${row.name}`} onClick={() => askDelete(row.name, 'Devices, artifacts and releases must not name it any more. Its settings go with it.', () => {
            remove.mutate({ method: 'DELETE', path: api(`blueprints/${row.id}`) }, { onSuccess: () => tellDone(`${row.name} deleted`), onError: (error) => tellError(error, `${row.name} stays`) });
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
      <PageHead title="Blueprints" help="Kinds of hardware. Releases, artifacts and settings can be for one blueprint only.">
        <GuardedButton need="OPERATE" leftSection={<IconPlus size={16} />} onClick={() => setCreating(true)}>New blueprint</GuardedButton>
      </PageHead>
      <DataTable label="Blueprints" columns={columns} rows={list.data?.list} rowKey={(row) => row.id} error={list.error}
        page={Number(params.page)} perPage={Number(params.perPage)} total={list.data?.total ?? 0} onPage={(page) => change({ page: String(page) })}
        empty={(
          <Stack align="center">
            <Text>No blueprints yet. With one board only you need none; with several, make one for each kind.</Text>
            <GuardedButton need="OPERATE" onClick={() => setCreating(true)}>New blueprint</GuardedButton>
          </Stack>
        )} />
      <Modal opened={creating || params.edit !== ''} onClose={close} title={params.edit ? 'Edit blueprint' : 'New blueprint'}>
        <BlueprintForm key={params.edit} id={params.edit} onClose={close} />
      </Modal>
    </>
  );
}
