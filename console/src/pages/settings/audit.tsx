// SPDX-License-Identifier: Apache-2.0
// Who changed what, newest first, and from what to what.
import { Alert, Badge, Button, Code, Group, SegmentedControl, Select, Stack, Table, Text, TextInput, UnstyledButton, VisuallyHidden } from '@mantine/core';
import { IconChevronDown, IconChevronRight } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { getPage, type Query } from '../../api/client';
import { useProject } from '../../api/session';
import type { AuditEntry } from '../../api/types';
import { Failure } from '../../components/page';
import { useParamsOf } from '../../components/params';
import { TimeAgo } from '../../components/values';

const LIMIT = 100;
const kinds = ['account', 'apiKey', 'artifact', 'artifactSignature', 'blueprint', 'capture', 'certificate', 'credential', 'device', 'evaluation', 'keyset', 'member', 'organization', 'project', 'release', 'revokedCertificate', 'setting', 'tag'];
const actions = ['create', 'update', 'delete', 'signIn', 'signInByLink', 'signInFailed', 'signOut', 'makeLink', 'passwordRefused', 'call'];
/** "apiKey" as people say it: "API key". */
function words(name: string): string {
  return name.replace(/([a-z])([A-Z])/g, (_, a: string, b: string) => `${a} ${b.toLowerCase()}`).replace(/^api /, 'API ');
}
const inWords = (names: string[]) => names.map((value) => ({ value, label: words(value) }));

const colours: Record<string, string> = { create: 'green', update: 'cyan', delete: 'red', signInFailed: 'orange' };

function shown(value: unknown): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function Diff(props: { entry: AuditEntry }) {
  const { before, after } = props.entry;
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  if (names.length === 0) return <Text size="sm" c="dimmed">Nothing more is known.</Text>;
  return (
    <Table layout="fixed" aria-label="What changed" withTableBorder>
      <Table.Thead>
        <Table.Tr><Table.Th w={170}>Member</Table.Th><Table.Th>Before</Table.Th><Table.Th>After</Table.Th></Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {names.map((name) => (
          <Table.Tr key={name}>
            <Table.Td className="gw-text">{name}</Table.Td>
            {[before, after].map((side, index) => (
              <Table.Td key={index}>
                {side && name in side ? <Code className="gw-text" color={index === 0 ? 'var(--mantine-color-red-light)' : 'var(--mantine-color-green-light)'} style={{ whiteSpace: 'pre-wrap' }}>{shown(side[name])}</Code> : <Text span c="dimmed">–</Text>}
              </Table.Td>
            ))}
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

const actorTitles: Record<string, string> = { account: '', apiKey: 'API key ', server: 'the server' };

function Entry(props: { entry: AuditEntry }) {
  const { entry } = props;
  const [open, setOpen] = useState(false);
  const id = `audit-${entry.id}`;
  return (
    <>
      <Table.Tr data-audit={entry.id}>
        <Table.Td style={{ whiteSpace: 'nowrap' }}>
          <UnstyledButton fz="sm" onClick={() => setOpen(!open)} aria-expanded={open} aria-controls={id}>
            <Group gap={4} wrap="nowrap">
              {open ? <IconChevronDown size={14} aria-hidden /> : <IconChevronRight size={14} aria-hidden />}
              <VisuallyHidden>What changed, </VisuallyHidden>
              <TimeAgo time={entry.time} />
            </Group>
          </UnstyledButton>
        </Table.Td>
        <Table.Td className="gw-text">
          {actorTitles[entry.actor.type] ?? ''}{entry.actor.name || (entry.actor.type === 'server' ? '' : entry.actor.id)}
          {entry.actor.address ? <Text size="xs" c="dimmed">{entry.actor.address}</Text> : null}
        </Table.Td>
        <Table.Td><Badge c="bright" variant="light" color={colours[entry.action] ?? 'gray'} tt="none" miw="max-content">{words(entry.action)}</Badge></Table.Td>
        <Table.Td data-kind={entry.kind}>{words(entry.kind)}</Table.Td>
        <Table.Td className="gw-text">{entry.objectName || entry.objectId}</Table.Td>
      </Table.Tr>
      {open ? (
        <Table.Tr id={id}>
          <Table.Td colSpan={5}><Diff entry={entry} /></Table.Td>
        </Table.Tr>
      ) : null}
    </>
  );
}

const defaults = { kind: '', action: '', objectId: '', actorId: '', start: '', end: '', of: '' };

function Filters(props: { filter: typeof defaults; onChange: (changes: Partial<typeof defaults>) => void; actors: { value: string; label: string }[] }) {
  const { filter, onChange } = props;
  const actors = filter.actorId && !props.actors.some((a) => a.value === filter.actorId) ? [...props.actors, { value: filter.actorId, label: filter.actorId }] : props.actors;
  return (
    <Group gap="xs">
      <Select aria-label="Kind" placeholder="Kind: any" data={inWords(kinds)} value={filter.kind || null} onChange={(v) => onChange({ kind: v ?? '' })} clearable searchable w={160} />
      <Select aria-label="Action" placeholder="Action: any" data={inWords(actions)} value={filter.action || null} onChange={(v) => onChange({ action: v ?? '' })} clearable w={150} />
      <Select aria-label="Who" placeholder="Who: anybody" data={actors} value={filter.actorId || null} onChange={(v) => onChange({ actorId: v ?? '' })} clearable searchable w={190} />
      <TextInput aria-label="From" leftSection={<Text size="xs" c="dimmed">From</Text>} leftSectionWidth={52} type="datetime-local" value={filter.start} onChange={(event) => onChange({ start: event.currentTarget.value })} />
      <TextInput aria-label="To" leftSection={<Text size="xs" c="dimmed">To</Text>} leftSectionWidth={36} type="datetime-local" value={filter.end} onChange={(event) => onChange({ end: event.currentTarget.value })} />
      {Object.entries(filter).some(([name, value]) => name !== 'of' && value !== '') ? <Button variant="subtle" color="gray" onClick={() => onChange({ ...defaults, of: filter.of })}>Clear</Button> : null}
    </Group>
  );
}

function timeOf(local: string): string | undefined {
  const time = new Date(local);
  return local === '' || Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}

export function Audit() {
  const { project, api, may } = useProject();
  const [filter, setFilter] = useParamsOf(defaults);
  const admin = may('ADMIN');
  const { of, ...asked } = filter;
  const path = of === 'server' && may('SERVER') ? 'v1/audit' : api('audit');
  const query: Query = { ...asked, start: timeOf(filter.start), end: timeOf(filter.end), limit: LIMIT };
  const log = useInfiniteQuery({
    queryKey: ['audit', project, path, query],
    queryFn: ({ pageParam, signal }) => getPage<AuditEntry>(path, { ...query, pageToken: pageParam }, signal),
    initialPageParam: '',
    getNextPageParam: (last) => last.nextPageToken || undefined,
    enabled: admin,
  });
  if (!admin) return <Alert color="gray">The audit log says who changed what. Only admins of the project read it.</Alert>;
  const entries = log.data?.pages.flatMap((page) => page.list) ?? [];
  const actors = [...new Map(entries.filter((e) => e.actor.id !== '').map((e) => [e.actor.id, { value: e.actor.id, label: e.actor.name || e.actor.id }])).values()];
  return (
    <Stack>
      <Group justify="space-between">
        <Text size="sm" c="dimmed">Who changed what. Nothing can be taken out of it; secrets are never in it.</Text>
        {may('SERVER') ? (
          <SegmentedControl size="xs" aria-label="Of what" value={of} onChange={(value) => setFilter({ of: value })}
            data={[{ value: '', label: 'This project' }, { value: 'server', label: 'Whole server, with sign-ins' }]} />
        ) : null}
      </Group>
      <Filters filter={filter} onChange={setFilter} actors={actors} />
      <Failure error={log.error} />
      {log.data && entries.length === 0 ? <Text c="dimmed" py="xl" ta="center">Nothing fits.</Text> : null}
      {entries.length > 0 ? (
        <Table.ScrollContainer minWidth={760} scrollAreaProps={{ viewportProps: { tabIndex: 0, 'aria-label': 'Audit log', role: 'region' } } as object}>
          <Table highlightOnHover verticalSpacing="xs" aria-label="Audit log">
            <Table.Thead><Table.Tr><Table.Th>Time</Table.Th><Table.Th>Who</Table.Th><Table.Th>Did</Table.Th><Table.Th>What</Table.Th><Table.Th>Which</Table.Th></Table.Tr></Table.Thead>
            <Table.Tbody>{entries.map((entry) => <Entry key={entry.id} entry={entry} />)}</Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      ) : null}
      {log.hasNextPage ? <Group justify="center"><Button variant="default" onClick={() => void log.fetchNextPage()} loading={log.isFetchingNextPage}>Show older</Button></Group> : null}
    </Stack>
  );
}
