// SPDX-License-Identifier: Apache-2.0
// Where each layer stands in the picture of a graph: below all that it reads.
import type { ModelInfo } from '../../api/types';

type Layer = NonNullable<ModelInfo['layers']>[number];
export interface LaidOut {
  layer: Layer;
  row: number;
  column: number;
}
export interface Edge {
  from: number;
  to: number;
}
export interface Layout {
  nodes: LaidOut[];
  edges: Edge[];
  rows: number;
  columns: number;
}

/** A tensor as the server names it: its index, or an object that holds it. */
function tensorKey(tensor: unknown): string {
  if (typeof tensor !== 'object' || tensor === null) return String(tensor);
  const named = tensor as { index?: number; name?: string };
  return String(named.index ?? named.name ?? '');
}

export function layOut(layers: Layer[]): Layout {
  const producer = new Map<string, number>();
  const width: number[] = [];
  const nodes: LaidOut[] = [];
  const edges: Edge[] = [];
  layers.forEach((layer, index) => {
    const sources = [...new Set(layer.inputs.map((tensor) => producer.get(tensorKey(tensor))).filter((from) => from !== undefined))];
    const row = sources.reduce((deepest, from) => Math.max(deepest, nodes[from]!.row + 1), 0);
    const column = width[row] ?? 0;
    width[row] = column + 1;
    nodes.push({ layer, row, column });
    sources.forEach((from) => edges.push({ from, to: index }));
    layer.outputs.forEach((tensor) => producer.set(tensorKey(tensor), index));
  });
  return { nodes, edges, rows: width.length, columns: Math.max(1, ...width) };
}
