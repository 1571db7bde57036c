// SPDX-License-Identifier: Apache-2.0
import { Anchor, Badge, Button, Code, Group, Stack, Text, Tooltip } from '@mantine/core';
import { IconDownload, IconTags } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { getPage } from '../../api/client';
import { useList } from '../../api/queries';
import { useProject } from '../../api/session';
import type { Capture } from '../../api/types';
import { tellError } from '../../components/forms';
import { PageHead } from '../../components/page';
import { useParamsOf } from '../../components/params';
import { DataTable, type Column } from '../../components/table';
import { bytesText, TimeAgo } from '../../components/values';
import { BulkBar } from './bulk';
import { filterDefaults, isFiltered, queryOf, searchOf, useLabels } from './data';
import { ExportModal } from './export';
import { CaptureFilters } from './filters';

export function scoreText(score: number | null): string {
  return score === null ? '' : `${Math.round(score * 100)} %`;
}

function useColumns(): Column<Capture>[] {
  const { page } = useProject();
  return [
    { key: 'time', title: 'Time', render: (c) => <TimeAgo time={c.time} /> },
    { key: 'device', title: 'Device', render: (c) => <Anchor component={Link} href={page(`devices/${encodeURIComponent(c.deviceId)}`)} size="sm" className="gw-text">{c.deviceName || c.deviceId}</Anchor> },
    { key: 'path', title: 'Path', render: (c) => <span className="gw-mono gw-text">{c.path || '–'}</span> },
    { key: 'type', title: 'Type', render: (c) => c.contentType },
    {
      key: 'heard', title: 'Heard', render: (c) => (c.heard === '' && c.score === null ? '–' : (
        <Group gap={6} wrap="nowrap"><span className="gw-text">{c.heard || '?'}</span><Text span size="xs" c="dimmed">{scoreText(c.score)}</Text></Group>
      )),
    },
    { key: 'label', title: 'Label', render: (c) => (c.label ? <Badge variant="light" tt="none" className="gw-text">{c.label}</Badge> : <Text span size="sm" c="dimmed">none</Text>) },
    { key: 'model', title: 'Model', render: (c) => (c.model.package ? <span className="gw-mono gw-text">{c.model.package}@{c.model.version}</span> : '–') },
    { key: 'size', title: 'Size', align: 'right', render: (c) => bytesText(c.size) },
  ];
}

function Empty(props: { filtered: boolean; onClear: () => void }) {
  const { page } = useProject();
  if (props.filtered) {
    return (
      <Stack align="center" gap="xs">
        <Text>No capture fits the filter.</Text>
        <Button variant="default" onClick={props.onClear}>Clear the filter</Button>
      </Stack>
    );
  }
  return (
    <Stack align="center" gap="xs" maw={480}>
      <Text fw={600}>No captures yet</Text>
      <Text size="sm">
        Devices send what their model is unsure of, once they may: the setting <Code>CAPTURE_ENABLED</Code> is false until you say otherwise.
      </Text>
      <Button component={Link} href={page('device-settings')}>To the device settings</Button>
    </Stack>
  );
}

/** To the newest that fits the filter and has no label yet. */
function LabelButton(props: { filter: typeof filterDefaults }) {
  const { api, page, may } = useProject();
  const [, navigate] = useLocation();
  const [busy, setBusy] = useState(false);
  const filter = { ...props.filter, label: '', labelled: 'false', page: '' };
  const start = async () => {
    setBusy(true);
    try {
      const first = (await getPage<Capture>(api('captures'), { ...queryOf(filter), perPage: 1 })).list[0];
      if (first) navigate(page(`captures/${first.id}`) + searchOf(filter));
      else tellError(new Error('All that fit the filter have a label already.'), 'Nothing to label');
    } catch (error) {
      tellError(error);
    }
    setBusy(false);
  };
  const allowed = may('OPERATE');
  return (
    <Tooltip label={allowed ? 'Goes through all that fit the filter and have no label, by keyboard' : 'Viewers cannot label: ask an operator or an admin'}>
      <Button leftSection={<IconTags size={16} />} onClick={() => { if (allowed) void start(); }} loading={busy} data-disabled={allowed ? undefined : true} aria-disabled={!allowed}>
        Label
      </Button>
    </Tooltip>
  );
}

export default function Page() {
  const { project, api, page, may } = useProject();
  const [filter, setFilter] = useParamsOf(filterDefaults);
  const [selected, setSelected] = useState(new Set<string>());
  const [exporting, setExporting] = useState(false);
  const labels = useLabels();
  const columns = useColumns();
  const number = Number(filter.page) || 0;
  const list = useList<Capture>('capture', project, api('captures'), { ...queryOf(filter), page: number, perPage: Number(filter.perPage) });
  const search = searchOf(filter);
  // What another filter selected is not meant any more.
  const filterText = JSON.stringify(queryOf(filter));
  useEffect(() => setSelected(new Set()), [filterText]);
  return (
    <>
      <PageHead title="Captures" help="What devices heard and saw, and were unsure of. Give each its right label, and train the next model on them.">
        <LabelButton filter={filter} />
        <Button variant="default" leftSection={<IconDownload size={16} />} onClick={() => setExporting(true)}>Export…</Button>
      </PageHead>
      <CaptureFilters filter={filter} onChange={setFilter} labels={labels} />
      {selected.size > 0 ? <BulkBar selected={selected} onSelect={setSelected} filter={filter} total={list.data?.total ?? 0} labels={labels} /> : null}
      <DataTable label="Captures" columns={columns} rows={list.data?.list} error={list.error} rowKey={(c) => c.id}
        href={(c) => page(`captures/${c.id}`) + search}
        empty={<Empty filtered={isFiltered(filter)} onClear={() => setFilter(filterDefaults)} />}
        page={number} perPage={Number(filter.perPage)} {...(list.data ? { total: list.data.total } : {})}
        onPage={(n) => setFilter({ page: n === 0 ? '' : String(n) })} onPerPage={(n) => setFilter({ perPage: String(n) })}
        {...(may('OPERATE') ? { selected, onSelect: setSelected } : {})} />
      <ExportModal opened={exporting} onClose={() => setExporting(false)} filter={filter} />
    </>
  );
}
