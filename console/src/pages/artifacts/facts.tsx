// SPDX-License-Identifier: Apache-2.0
// What a model is, for people: the same before it is stored and afterwards.
import { Badge, Group, SimpleGrid, Stack, Table, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import type { ModelInfo, TensorInfo } from '../../api/types';
import { bytesText, countText } from '../../components/values';
import { operatorsOf, quantisationText, shapeText } from './data';

export function Fact(props: { label: string; help?: string; children: ReactNode }) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {props.label}
      </Text>
      <Text component="div" fw={600} className="gw-text">
        {props.children}
      </Text>
      {props.help ? (
        <Text size="xs" c="dimmed">
          {props.help}
        </Text>
      ) : null}
    </div>
  );
}

export function Section(props: { title: string; help?: string; children: ReactNode }) {
  return (
    <Stack gap="xs" component="section" aria-label={props.title}>
      <Title order={2} size="h4">
        {props.title}
      </Title>
      {props.help ? (
        <Text size="sm" c="dimmed">
          {props.help}
        </Text>
      ) : null}
      {props.children}
    </Stack>
  );
}

function Tensors(props: { inputs: TensorInfo[]; outputs: TensorInfo[] }) {
  const rows = [
    ...props.inputs.map((tensor) => ({ way: 'input', tensor })),
    ...props.outputs.map((tensor) => ({ way: 'output', tensor })),
  ];
  return (
    <Table.ScrollContainer minWidth={600} scrollAreaProps={{ viewportProps: { tabIndex: 0, 'aria-label': 'Inputs and outputs', role: 'region' } } as object}>
      <Table aria-label="Inputs and outputs" verticalSpacing={4}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Direction</Table.Th>
            <Table.Th>Name</Table.Th>
            <Table.Th>Type</Table.Th>
            <Table.Th>Shape</Table.Th>
            <Table.Th>Real value</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map(({ way, tensor }, index) => (
            <Table.Tr key={index}>
              <Table.Td>{way}</Table.Td>
              <Table.Td className="gw-text">{tensor.name || '–'}</Table.Td>
              <Table.Td className="gw-mono">{tensor.type}</Table.Td>
              <Table.Td className="gw-mono">{shapeText(tensor.shape)}</Table.Td>
              <Table.Td className="gw-mono">{quantisationText(tensor)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

/** Values one after the other; most graphs have few labels, some a thousand. */
function Labels(props: { labels: string[] }) {
  if (props.labels.length === 0) return <Text c="dimmed">The model names none.</Text>;
  const shown = props.labels.slice(0, 40);
  return (
    <Group gap={6} aria-label="Labels" role="list">
      {shown.map((label, index) => (
        <Badge key={index} variant="light" tt="none" className="gw-text" role="listitem">
          {label}
        </Badge>
      ))}
      {props.labels.length > shown.length ? <Text size="sm">and {countText(props.labels.length - shown.length)} more</Text> : null}
    </Group>
  );
}

function Operators(props: { info: ModelInfo }) {
  return (
    <Group gap={6} role="list" aria-label="Operators">
      {operatorsOf(props.info).map((op) => (
        <Badge key={op.name} variant="default" tt="none" className="gw-mono" role="listitem">
          {op.name}
          {op.count !== undefined && op.count > 1 ? ` × ${op.count}` : ''}
        </Badge>
      ))}
    </Group>
  );
}

export function ModelFacts(props: { info: ModelInfo; size: number }) {
  const { info } = props;
  return (
    <Stack gap="lg">
      <SimpleGrid cols={{ base: 2, md: 5 }}>
        <Fact label="Size" help="in the device’s flash">{bytesText(props.size)}</Fact>
        <Fact label="Arena" help="memory it needs to run">{info.arenaBytes === undefined ? '–' : bytesText(info.arenaBytes)}</Fact>
        <Fact label="Layers">{layerCount(info)}</Fact>
        <Fact label="Labels">{info.labels?.length ?? 0}</Fact>
        <Fact label="Self-test" help="run by each device before the model goes to work">{selfTestText(info)}</Fact>
      </SimpleGrid>
      <Section title="Labels" help="What it can tell apart, in the order of its outputs.">
        <Labels labels={info.labels ?? []} />
      </Section>
      <Section title="Inputs and outputs">
        <Tensors inputs={info.inputs ?? []} outputs={info.outputs ?? []} />
      </Section>
      <Section title="Operators" help="A device’s runtime must have all of them.">
        <Operators info={info} />
      </Section>
    </Stack>
  );
}

function selfTestText(info: ModelInfo): string {
  if (info.selfTest === undefined || info.selfTest === null) return 'none';
  return info.selfTest.cases === 1 ? '1 case' : `${countText(info.selfTest.cases)} cases`;
}

function layerCount(info: ModelInfo): string {
  const count = info['operatorCount'] ?? info.layers?.length;
  return typeof count === 'number' ? countText(count) : '–';
}
