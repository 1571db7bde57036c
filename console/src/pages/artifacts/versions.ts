// SPDX-License-Identifier: Apache-2.0
// The rules of package names and versions, as the server has them: told while
// typing, not after an upload.
import type { Artifact } from '../../api/types';
import { compareVersions } from '../../components/values';

export const NAME_MAX_BYTES = 16;
export const ARTIFACT_MAX_BYTES = 64 * 1024 * 1024;

const semver =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$/;

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

export function packageProblem(name: string): string | null {
  if (name === '') return 'What is this a version of? For example “model”.';
  if (byteLength(name) > NAME_MAX_BYTES) return `At most ${NAME_MAX_BYTES} characters: devices keep no longer names.`;
  if (!/^[a-z0-9_.+-]+$/.test(name)) return 'Only a–z, 0–9 and the characters _ . + -';
  return null;
}

export function versionProblem(version: string): string | null {
  if (version === '') return 'Which version is this?';
  if (byteLength(version) > NAME_MAX_BYTES) return `At most ${NAME_MAX_BYTES} characters: devices keep no longer versions.`;
  if (!semver.test(version)) return 'Write it as MAJOR.MINOR.PATCH, for example 1.2.0';
  return null;
}

export function newestFirst(a: { version: string }, b: { version: string }): number {
  return compareVersions(b.version, a.version);
}

/** The next minor version after the highest one there is. */
export function nextVersion(versions: string[]): string {
  const highest = [...versions].sort(compareVersions).at(-1);
  if (highest === undefined) return '1.0.0';
  const [major = '1', minor = '0'] = highest.split('.');
  return `${major}.${Number(minor) + 1}.0`;
}

export function packagesOf(artifacts: Artifact[] | undefined): string[] {
  return [...new Set((artifacts ?? []).map((artifact) => artifact.package))].sort();
}

/** One version of a package is there once for each blueprint. */
export function findTaken(artifacts: Artifact[] | undefined, name: string, version: string, blueprintId: string): Artifact | undefined {
  return artifacts?.find((a) => a.package === name && a.version === version && a.blueprintId === blueprintId);
}
