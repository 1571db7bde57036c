// SPDX-License-Identifier: Apache-2.0
// A model's layers as a picture, top-down, and as a table that says the same.
import { Box, Group, SegmentedControl, Table, Text } from '@mantine/core';
import { useMemo, useState } from 'react';
import type { ModelInfo } from '../../api/types';
import { countText } from '../../components/values';
import { shapeText } from './data';
import { Section } from './facts';
import { layOut, type Layout } from './graph-layout';

const BOX_W = 190, BOX_H = 42, GAP_X = 24, GAP_Y = 26, MARGIN = 12;

function middle(node: { row: number; column: number }) {
  return { x: MARGIN + node.column * (BOX_W + GAP_X) + BOX_W / 2, y: MARGIN + node.row * (BOX_H + GAP_Y) };
}

function Picture(props: { layout: Layout }) {
  const { nodes, edges, rows, columns } = props.layout;
  const width = 2 * MARGIN + columns * BOX_W + (columns - 1) * GAP_X;
  const height = 2 * MARGIN + rows * BOX_H + (rows - 1) * GAP_Y;
  return (
    <svg width={width} height={height} role="img" aria-label={`Graph of ${nodes.length} layers, first to last; the table says the same in words`}>
      {edges.map(({ from, to }) => {
        const start = middle(nodes[from]!), end = middle(nodes[to]!);
        const top = start.y + BOX_H, bend = (end.y + top) / 2;
        return <path key={`${from}-${to}`} d={`M${start.x} ${top} C${start.x} ${bend} ${end.x} ${bend} ${end.x} ${end.y}`} fill="none" stroke="var(--mantine-color-dimmed)" />;
      })}
      {nodes.map((node) => {
        const { x, y } = middle(node);
        return (
          <g key={node.layer.index} data-layer={node.layer.index}>
            <rect x={x - BOX_W / 2} y={y} width={BOX_W} height={BOX_H} rx={4} fill="var(--mantine-color-default)" stroke="var(--mantine-color-default-border)" />
            <text x={x} y={y + 18} textAnchor="middle" fontSize={12} fontWeight={600} fill="var(--mantine-color-text)">
              {shorten(node.layer.op, 24)}
            </text>
            <text x={x} y={y + 34} textAnchor="middle" fontSize={11} fill="var(--mantine-color-dimmed)">
              {shorten(shapeText(node.layer.shape), 28)}
            </text>
          </g>
        );
      })}
    </svg>
  );
}

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

function tensorWord(tensor: unknown): string {
  if (typeof tensor !== 'object' || tensor === null) return String(tensor);
  const known = tensor as { index?: number; name?: string; type?: string; shape?: number[] };
  const what = known.type ? `${known.type} ${shapeText(known.shape)}` : known.shape ? shapeText(known.shape) : '';
  return [known.name ?? known.index, what].filter((part) => part !== undefined && part !== '').join(': ');
}

function LayerTable(props: { layers: NonNullable<ModelInfo['layers']> }) {
  return (
    <Table aria-label="Layers" verticalSpacing={4} stickyHeader>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>#</Table.Th>
          <Table.Th>Layer</Table.Th>
          <Table.Th>Reads</Table.Th>
          <Table.Th>Writes</Table.Th>
          <Table.Th>Shape</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {props.layers.map((layer) => (
          <Table.Tr key={layer.index}>
            <Table.Td>{layer.index}</Table.Td>
            <Table.Td className="gw-mono">{layer.op}</Table.Td>
            <Table.Td className="gw-mono">{layer.inputs.map(tensorWord).join(', ')}</Table.Td>
            <Table.Td className="gw-mono">{layer.outputs.map(tensorWord).join(', ')}</Table.Td>
            <Table.Td className="gw-mono">{shapeText(layer.shape)}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

export function ModelGraph(props: { info: ModelInfo }) {
  const layers = props.info.layers;
  const [view, setView] = useState('picture');
  const layout = useMemo(() => layOut(layers ?? []), [layers]);
  if (!layers || layers.length === 0) return null;
  const count = props.info['operatorCount'];
  const cut = typeof count === 'number' && count > layers.length;
  return (
    <Section title="Graph">
      <Group justify="space-between">
        <Text size="sm" c="dimmed">
          {cut ? `The first ${countText(layers.length)} of ${countText(count)} layers.` : `${countText(layers.length)} layers, in the order in which they run.`}
        </Text>
        <SegmentedControl size="xs" aria-label="Show the graph as" value={view} onChange={setView}
          data={[{ value: 'picture', label: 'Picture' }, { value: 'table', label: 'Table' }]} />
      </Group>
      <Box mah={520} style={{ overflow: 'auto' }} tabIndex={0} role="region" aria-label="Layers of the graph">
        {view === 'picture' ? <Picture layout={layout} /> : <LayerTable layers={layers} />}
      </Box>
    </Section>
  );
}
