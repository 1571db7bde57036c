// SPDX-License-Identifier: Apache-2.0
// What was put together so far outlives a refresh of the page. A change of an
// existing release remembers which state it began from, so that it is told when
// that is not the newest any more.
import type { ReleasePolicy } from '../../api/types';

export interface Values {
  artifactIds: string[];
  blueprintId: string;
  deviceTagIds: string[];
  releaseTags: string[];
  rollout: boolean;
  policy: ReleasePolicy;
}
/** Nothing asked: each device does as it is built to. */
export const noPolicy: ReleasePolicy = { spreadSeconds: null, shadow: null, confirmSeconds: null };
export const emptyValues: Values = { artifactIds: [], blueprintId: '', deviceTagIds: [], releaseTags: [], rollout: false, policy: noPolicy };

export interface Draft {
  values: Values;
  etag: string | undefined;
}

export function draftKeyOf(project: string, release: string): string {
  return `godwit.draft.release.${project}.${release}`;
}
export function readDraft(key: string): Partial<Draft> {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? '{}') as Partial<Draft>;
  } catch {
    return {};
  }
}
export function keepDraft(key: string, draft: Draft): void {
  sessionStorage.setItem(key, JSON.stringify(draft));
}
export function forgetDraft(key: string): void {
  sessionStorage.removeItem(key);
}
