// SPDX-License-Identifier: Apache-2.0
// What can be done with the selected captures.
import { Autocomplete, Button, Group, Paper, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { getPage, send } from '../../api/client';
import { useChange } from '../../api/queries';
import { useProject } from '../../api/session';
import type { Capture } from '../../api/types';
import { askDelete, tellDone, tellError } from '../../components/forms';
import { countText } from '../../components/values';
import { queryOf, useRememberLabel, type CaptureFilter } from './data';

/** As many as the server labels at once. */
const AT_ONCE = 1000;

export function BulkBar(props: { selected: Set<string>; onSelect: (selected: Set<string>) => void; filter: CaptureFilter; total: number; labels: string[] }) {
  const { selected, onSelect, filter, total } = props;
  const { api } = useProject();
  const [label, setLabel] = useState('');
  const [busy, setBusy] = useState('');
  const change = useChange<{ count: number; label: string }>('capture');
  const remember = useRememberLabel();
  const client = useQueryClient();
  const ids = [...selected].slice(0, AT_ONCE);

  const give = (text: string) =>
    change.mutate({ method: 'POST', path: api('captures/label'), body: { ids, label: text.trim() } }, {
      onSuccess: (answer) => {
        tellDone(text === '' ? `${countText(answer.count)} have no label now.` : `${countText(answer.count)} are labelled “${answer.label}”.`);
        remember(text.trim());
        onSelect(new Set());
        setLabel('');
      },
      onError: (error) => tellError(error),
    });
  const selectAll = async () => {
    setBusy('all');
    try {
      const page = await getPage<Capture>(api('captures'), { ...queryOf(filter), perPage: AT_ONCE });
      onSelect(new Set(page.list.map((c) => c.id)));
    } catch (error) {
      tellError(error);
    }
    setBusy('');
  };
  const deleteAll = async () => {
    setBusy('delete');
    const left = new Set(ids);
    try {
      for (const id of ids) {
        await send('DELETE', api(`captures/${encodeURIComponent(id)}`));
        left.delete(id);
      }
      tellDone(`${countText(ids.length)} are deleted.`);
    } catch (error) {
      tellError(error);
    }
    onSelect(left);
    await client.invalidateQueries({ queryKey: ['capture'] });
    setBusy('');
  };
  const askDeleteAll = () =>
    askDelete(`${countText(ids.length)} captures`, 'Their bytes and labels are gone for good; an export or a training set made before keeps its copies.', () => void deleteAll());

  return (
    <Paper withBorder p="xs" mb="sm" role="region" aria-label="Selected captures">
      <Group gap="xs">
        <Text size="sm" fw={600} role="status">{countText(selected.size)} selected</Text>
        {selected.size < Math.min(total, AT_ONCE) ? (
          <Button size="compact-sm" variant="subtle" onClick={() => void selectAll()} loading={busy === 'all'}>
            {total <= AT_ONCE ? `Select all ${countText(total)}` : `Select the newest ${countText(AT_ONCE)}`}
          </Button>
        ) : null}
        <Autocomplete size="xs" aria-label="Label for the selected" placeholder="Label" data={props.labels} value={label} onChange={setLabel} maxLength={64} w={150}
          onKeyDown={(event) => { if (event.key === 'Enter' && label.trim() !== '') give(label); }} />
        <Button size="xs" onClick={() => give(label)} disabled={label.trim() === ''} loading={change.isPending}>Label them</Button>
        <Button size="xs" variant="default" onClick={() => give('')} disabled={change.isPending}>Take labels away</Button>
        <Button size="xs" variant="light" color="red" onClick={askDeleteAll} loading={busy === 'delete'}>Delete…</Button>
        <Button size="xs" variant="subtle" color="gray" onClick={() => onSelect(new Set())}>Clear selection</Button>
      </Group>
    </Paper>
  );
}
