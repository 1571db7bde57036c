// SPDX-License-Identifier: Apache-2.0
// What several pages know of artifacts: all of them (they are few), and what is
// inside a model, whichever server version looked into it.
import { useMemo } from 'react';
import { useAll } from '../../api/queries';
import { useProject } from '../../api/session';
import type { Artifact, Blueprint, ModelInfo, Tag, TensorInfo } from '../../api/types';

export function useArtifacts() {
  const { project, api } = useProject();
  return useAll<Artifact>('artifact', project, api('artifacts'));
}
export function useBlueprints() {
  const { project, api } = useProject();
  return useAll<Blueprint>('blueprint', project, api('blueprints'));
}
export function useTags() {
  const { project, api } = useProject();
  return useAll<Tag>('tag', project, api('tags'));
}

/** From id to object, for rows that name others by id. */
export function useById<T extends { id: string }>(rows: T[] | undefined): Map<string, T> {
  return useMemo(() => new Map((rows ?? []).map((row) => [row.id, row])), [rows]);
}

export interface Operator {
  name: string;
  version?: number;
  count?: number;
}
export function operatorsOf(info: ModelInfo): Operator[] {
  if (info.ops) return info.ops;
  const names = info['operators']; // rows of before ops were counted
  return Array.isArray(names) ? names.map((name) => ({ name: String(name) })) : [];
}

export function shapeText(shape: number[] | undefined): string {
  return shape === undefined || shape.length === 0 ? 'scalar' : shape.join(' × ');
}

/** How integers stand for real numbers: real = scale × (value − zero point). */
export function quantisationText(tensor: TensorInfo): string {
  if (tensor.scale === undefined || tensor.scale === 0) return '–';
  const zero = tensor.zeroPoint ?? 0;
  const value = zero === 0 ? 'value' : `(value ${zero < 0 ? '+' : '−'} ${Math.abs(zero)})`;
  return `${Number(tensor.scale.toPrecision(5))} × ${value}`;
}

export function tensorText(tensor: TensorInfo): string {
  return `${tensor.type} ${shapeText(tensor.shape)}${tensor.scale ? `, ${quantisationText(tensor)}` : ''}`;
}

export function percentText(share: number | null | undefined): string {
  return share === null || share === undefined ? '–' : `${(share * 100).toFixed(1)} %`;
}

export function artifactName(artifact: { package: string; version: string }): string {
  return `${artifact.package} ${artifact.version}`;
}

/** Accuracy of the newest evaluation that says one. */
export function accuracyOf(artifact: Artifact): number | undefined {
  const accuracy = artifact.latestEvaluation?.['accuracy'];
  return typeof accuracy === 'number' ? accuracy : undefined;
}
