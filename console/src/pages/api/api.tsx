// SPDX-License-Identifier: Apache-2.0
// A reference of the REST API, made from the server's own description.
import { Accordion, Anchor, Code, Group, NavLink, Paper, Skeleton, Stack, Text, TextInput, Title } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useEffect, useMemo, useRef } from 'react';
import { apiUrl } from '../../api/client';
import { Failure, PageHead } from '../../components/page';
import { useParamsOf } from '../../components/params';
import { countText } from '../../components/values';
import { useOpenApi, type Group as OperationGroup, type Operation } from './document';
import { OperationItem } from './operation';

const defaults = { q: '', op: '', group: '' };

function fits(operation: Operation, words: string[]): boolean {
  const text = `${operation.method} ${operation.path} ${operation.summary ?? ''} ${operation.group} ${operation.id} ${(operation.parameters ?? []).map((p) => p.name).join(' ')}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

function filtered(groups: OperationGroup[], query: string, only: string): OperationGroup[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return groups
    .filter((group) => only === '' || group.name === only)
    .map((group) => ({ ...group, operations: group.operations.filter((o) => fits(o, words)) }))
    .filter((group) => group.operations.length > 0);
}

function Introduction(props: { text: string | undefined }) {
  return (
    <Paper withBorder p="md">
      <Stack gap={6}>
        {props.text ? <Text size="sm" className="gw-text">{props.text}</Text> : null}
        <Text size="sm">
          Programs send an API key as <Code>x-api-key</Code> or <Code>authorization: Bearer</Code>; make one in the project’s settings. Everything starts at <Code className="gw-text">{apiUrl('v1')}</Code>. Answers are{' '}
          <Code>{'{data}'}</Code> or <Code>{'{list, page, perPage, total}'}</Code>, errors <Code>{'{code, message, details}'}</Code>.
        </Text>
        <Text size="sm">For generators of clients: <Anchor underline="always" href={apiUrl('v1/openapi.json')} target="_blank" size="sm">openapi.json</Anchor></Text>
      </Stack>
    </Paper>
  );
}

export default function Page() {
  const reference = useOpenApi();
  const [params, setParams] = useParamsOf(defaults);
  const project = localStorage.getItem('godwit.project') ?? 'default';
  const all = reference.data?.groups ?? [];
  const groups = useMemo(() => filtered(all, params.q, params.group), [all, params.q, params.group]);
  const linked = useRef(params.op);
  useEffect(() => {
    // A link to one operation: once, when it is there.
    if (reference.data && linked.current) document.getElementById(linked.current)?.scrollIntoView({ block: 'start' });
    if (reference.data) linked.current = '';
  }, [reference.data]);
  const linkTo = (id: string) => `#/api?${new URLSearchParams({ op: id }).toString()}`;
  const count = groups.reduce((sum, group) => sum + group.operations.length, 0);
  return (
    <>
      <PageHead title="REST API" help="Everything this console does, for your scripts." />
      <Failure error={reference.error} />
      {reference.data ? (
        <Group align="flex-start" wrap="nowrap" gap="lg">
          <Stack w={190} visibleFrom="md" component="nav" aria-label="Groups" gap={0} style={{ position: 'sticky', top: 72, flexShrink: 0 }}>
            <NavLink component="button" label="All" active={params.group === ''} onClick={() => setParams({ group: '' })} />
            {all.map((group) => (
              <NavLink component="button" key={group.name} label={group.name} active={params.group === group.name} onClick={() => setParams({ group: group.name })}
                rightSection={<Text size="xs" c={params.group === group.name ? undefined : 'dimmed'}>{group.operations.length}</Text>} />
            ))}
          </Stack>
          <Stack flex={1} miw={0}>
            <Introduction text={reference.data.document.info.description} />
            <TextInput aria-label="Search the API" placeholder="Search: releases, POST rollout, captures export…" leftSection={<IconSearch size={16} />} value={params.q} onChange={(event) => setParams({ q: event.currentTarget.value })} />
            <Text size="xs" c="dimmed" role="status">{countText(count)} operations</Text>
            <Accordion value={params.op || null} onChange={(op) => setParams({ op: op ?? '' })} variant="contained" order={3}>
              {groups.map((group) => (
                <div key={group.name}>
                  <Title order={2} size="h4" mt="md" mb="xs">{group.name}</Title>
                  {group.operations.map((operation) => (
                    <OperationItem key={operation.id} document={reference.data.document} operation={operation} project={project} opened={params.op === operation.id} link={linkTo(operation.id)} />
                  ))}
                </div>
              ))}
            </Accordion>
            {count === 0 ? <Text c="dimmed" ta="center" py="xl">Nothing fits.</Text> : null}
          </Stack>
        </Group>
      ) : reference.error ? null : <Stack>{[1, 2, 3, 4, 5, 6].map((n) => <Skeleton key={n} h={54} />)}</Stack>}
    </>
  );
}
