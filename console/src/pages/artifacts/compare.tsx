// SPDX-License-Identifier: Apache-2.0
// Two versions side by side; what differs is marked, by colour and in words.
import { Anchor, Badge, Box, Group, Stack, Table, Text, VisuallyHidden } from '@mantine/core';
import { Link, useParams } from 'wouter';
import { useList, useObject } from '../../api/queries';
import { useProject } from '../../api/session';
import type { Artifact, Evaluation, ModelInfo } from '../../api/types';
import { Failure, PageHead } from '../../components/page';
import { Tinted } from '../../components/tinted';
import { bytesText } from '../../components/values';
import { artifactName, operatorsOf, percentText, shapeText, tensorText } from './data';
import { Section } from './facts';
import { diffLines } from './layer-diff';

interface Row {
  name: string;
  a: string;
  b: string;
  /** In words, where a number says more than "changed". */
  note?: string;
}

function signed(difference: number, text: (n: number) => string): string | undefined {
  if (difference === 0) return undefined;
  return `${difference > 0 ? '+' : '−'}${text(Math.abs(difference))}`;
}

function Side(props: { rows: Row[]; label: string; names: [string, string] }) {
  return (
    <Table.ScrollContainer minWidth={680} scrollAreaProps={{ viewportProps: { tabIndex: 0, 'aria-label': props.label, role: 'region' } } as object}>
      <Table aria-label={props.label} verticalSpacing="xs" layout="fixed">
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={190}>What</Table.Th>
            <Table.Th>{props.names[0]}</Table.Th>
            <Table.Th>{props.names[1]}</Table.Th>
            <Table.Th w={110}>Difference</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {props.rows.map((row) => {
            const differs = row.a !== row.b;
            return (
              <Table.Tr key={row.name} data-differs={differs} bg={differs ? 'color-mix(in srgb, var(--mantine-color-yellow-5) 15%, transparent)' : undefined}>
                <Table.Th scope="row" className="gw-text">{row.name}</Table.Th>
                <Table.Td className="gw-text">{row.a}</Table.Td>
                <Table.Td className="gw-text">{row.b}</Table.Td>
                <Table.Td>{differs ? (row.note ?? 'changed') : <Text span size="sm" c="dimmed">same</Text>}</Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function factRows(a: Artifact, b: Artifact): Row[] {
  const arena = (x: Artifact) => x.model?.arenaBytes;
  const [arenaA, arenaB] = [arena(a), arena(b)];
  const size: Row = { name: 'Size', a: bytesText(Number(a.size)), b: bytesText(Number(b.size)) };
  const sizeNote = signed(Number(b.size) - Number(a.size), bytesText);
  const arenaRow: Row = { name: 'Arena', a: arenaA === undefined ? '–' : bytesText(arenaA), b: arenaB === undefined ? '–' : bytesText(arenaB) };
  const arenaNote = arenaA === undefined || arenaB === undefined ? undefined : signed(arenaB - arenaA, bytesText);
  return [
    { ...size, ...(sizeNote ? { note: sizeNote } : {}) },
    { ...arenaRow, ...(arenaNote ? { note: arenaNote } : {}) },
    { name: 'Description', a: String(a.model?.['description'] ?? ''), b: String(b.model?.['description'] ?? '') },
    ...tensorRows('Input', a.model?.inputs ?? [], b.model?.inputs ?? []),
    ...tensorRows('Output', a.model?.outputs ?? [], b.model?.outputs ?? []),
  ];
}

function tensorRows(name: string, a: NonNullable<ModelInfo['inputs']>, b: NonNullable<ModelInfo['inputs']>): Row[] {
  const count = Math.max(a.length, b.length);
  return Array.from({ length: count }, (_, index) => ({
    name: count === 1 ? name : `${name} ${index}`,
    a: a[index] ? tensorText(a[index]) : 'none',
    b: b[index] ? tensorText(b[index]) : 'none',
  }));
}

function operatorRows(a: Artifact, b: Artifact): Row[] {
  const count = (x: Artifact, name: string) => {
    const op = operatorsOf(x.model ?? {}).find((o) => o.name === name);
    return op === undefined ? '–' : op.count === undefined ? 'used' : `× ${op.count}`;
  };
  const names = [...new Set([...operatorsOf(a.model ?? {}), ...operatorsOf(b.model ?? {})].map((op) => op.name))];
  return names.map((name) => {
    const [left, right] = [count(a, name), count(b, name)];
    return { name, a: left, b: right, note: left === '–' ? 'new' : right === '–' ? 'gone' : 'changed' };
  });
}

function Labels(props: { a: string[]; b: string[] }) {
  const added = props.b.filter((label) => !props.a.includes(label));
  const removed = props.a.filter((label) => !props.b.includes(label));
  const kept = props.b.filter((label) => props.a.includes(label));
  const moved = added.length === 0 && removed.length === 0 && props.a.join('\n') !== props.b.join('\n');
  return (
    <Stack gap="xs">
      <Group gap={6}>
        {kept.map((label) => <Badge key={label} variant="default" tt="none" className="gw-text">{label}</Badge>)}
        {added.map((label) => <Tinted key={`+${label}`} tint="teal" className="gw-text" data-label="added">+ {label}</Tinted>)}
        {removed.map((label) => <Tinted key={`-${label}`} tint="red" className="gw-text" data-label="removed">− {label}</Tinted>)}
      </Group>
      <Text size="sm" c="dimmed">
        {moved ? 'The same labels in another order.' : `${added.length} new, ${removed.length} gone, ${kept.length} kept.`}
      </Text>
    </Stack>
  );
}

function Layers(props: { a: ModelInfo; b: ModelInfo }) {
  const words = (info: ModelInfo) => (info.layers ?? []).map((layer) => `${layer.op}  ${shapeText(layer.shape)}`);
  const lines = diffLines(words(props.a), words(props.b));
  if (lines.length === 0) return <Text c="dimmed">The layers of these artifacts are not on record.</Text>;
  const look = { ' ': { color: undefined, word: '' }, '+': { color: 'var(--mantine-color-teal-6)', word: 'only in the second: ' }, '-': { color: 'var(--mantine-color-red-6)', word: 'only in the first: ' } };
  return (
    <Box mah={480} style={{ overflow: 'auto' }} tabIndex={0} role="region" aria-label="Layers that differ" className="gw-mono">
      {lines.map((line, index) => (
        <Box key={index} px="xs" data-mark={line.mark} style={{ whiteSpace: 'pre' }}
          bg={look[line.mark].color ? `color-mix(in srgb, ${look[line.mark].color} 18%, transparent)` : undefined}>
          <span aria-hidden>{line.mark} </span>
          {look[line.mark].word ? <VisuallyHidden component="span">{look[line.mark].word}</VisuallyHidden> : null}
          {line.text}
        </Box>
      ))}
    </Box>
  );
}

function useEvaluations(id: string): Evaluation[] {
  const { project, api } = useProject();
  return useList<Evaluation>('artifact', project, api(`artifacts/${encodeURIComponent(id)}/evaluations`), { perPage: 100 }).data?.list ?? [];
}

/** Newest first: the first of each data set counts. */
function evaluationRows(a: Evaluation[], b: Evaluation[]): Row[] {
  const newest = (list: Evaluation[], dataset: string) => list.find((e) => e.dataset === dataset)?.accuracy;
  return [...new Set([...a, ...b].map((e) => e.dataset))].map((dataset) => {
    const [left, right] = [newest(a, dataset), newest(b, dataset)];
    const difference = typeof left === 'number' && typeof right === 'number' ? signed(right - left, (n) => `${(100 * n).toFixed(1)} points`) : undefined;
    return { name: dataset, a: percentText(left), b: percentText(right), ...(difference ? { note: difference } : {}) };
  });
}

export default function Page() {
  const params = useParams<{ a: string; b: string }>();
  const { project, api, page } = useProject();
  const left = useObject<Artifact>('artifact', project, api(`artifacts/${encodeURIComponent(params.a)}`));
  const right = useObject<Artifact>('artifact', project, api(`artifacts/${encodeURIComponent(params.b)}`));
  const evaluations = evaluationRows(useEvaluations(params.a), useEvaluations(params.b));
  const failure = left.error ?? right.error;
  if (failure) return <Failure error={failure} what="One of these artifacts" />;
  const a = left.data?.data, b = right.data?.data;
  const back = { href: page('artifacts'), label: 'Artifacts' };
  if (!a || !b) return <PageHead title="Compare" back={back} />;
  const names: [string, string] = [artifactName(a), artifactName(b)];
  return (
    <>
      <PageHead title={`${names[0]} and ${names[1]}`} back={back} help="What is different is marked. The difference is read from left to right.">
        <Anchor component={Link} href={page(`artifacts/compare/${b.id}/${a.id}`)}>Swap sides</Anchor>
      </PageHead>
      <Stack gap="xl">
        <Group>
          <Anchor component={Link} href={page(`artifacts/${a.id}`)}>{names[0]}</Anchor>
          <Anchor component={Link} href={page(`artifacts/${b.id}`)}>{names[1]}</Anchor>
        </Group>
        <Side rows={factRows(a, b)} label="Facts" names={names} />
        <Section title="Labels"><Labels a={a.model?.labels ?? []} b={b.model?.labels ?? []} /></Section>
        <Section title="Operators"><Side rows={operatorRows(a, b)} label="Operators" names={names} /></Section>
        {evaluations.length > 0 ? <Section title="Evaluations"><Side rows={evaluations} label="Evaluations" names={names} /></Section> : null}
        <Section title="Layers"><Layers a={a.model ?? {}} b={b.model ?? {}} /></Section>
      </Stack>
    </>
  );
}
