// SPDX-License-Identifier: Apache-2.0
// Where devices go when a release's rollout is switched off: to the newest of
// the others that fits them, by the same rule as on the server.
import type { Artifact, Device, Release } from '../../api/types';
import { newestRelease } from './words';

interface Filter {
  blueprintId: string;
  deviceTagIds: string[];
}

/** An artifact made for a blueprint narrows its release to it. */
export function filterOf(release: Release, artifacts: Map<string, Artifact>): Filter {
  const narrowed = release.artifactIds.map((id) => artifacts.get(id)?.blueprintId ?? '').find((id) => id !== '');
  return { blueprintId: release.blueprintId || narrowed || '', deviceTagIds: release.deviceTagIds };
}

export function fits(filter: Filter, device: Pick<Device, 'blueprintId' | 'tagIds'>): boolean {
  if (filter.blueprintId !== '' && filter.blueprintId !== device.blueprintId) return false;
  return filter.deviceTagIds.every((tag) => device.tagIds.includes(tag));
}

/** Does every device that fits `inner` fit `outer`, too? */
export function covers(outer: Filter, inner: Filter): boolean {
  if (outer.blueprintId !== '' && outer.blueprintId !== inner.blueprintId) return false;
  return outer.deviceTagIds.every((tag) => inner.deviceTagIds.includes(tag));
}

/** The releases that may take a release's devices over, in the order in which
 * they are tried; nothing behind one that fits them all. */
export function successors(release: Release, releases: Release[], artifacts: Map<string, Artifact>): { list: Release[]; complete: boolean } {
  const own = filterOf(release, artifacts);
  const list: Release[] = [];
  for (const other of [...releases].sort(newestRelease)) {
    if (other.id === release.id || !other.rollout || Number(other.sequenceNumber) > Number(release.sequenceNumber)) continue;
    const filter = filterOf(other, artifacts);
    if (filter.blueprintId !== '' && own.blueprintId !== '' && filter.blueprintId !== own.blueprintId) continue;
    list.push(other);
    if (covers(filter, own)) return { list, complete: true };
  }
  return { list, complete: false };
}

/** How many of these devices go to which release; key "": to none. */
export function share(devices: Device[], list: Release[], artifacts: Map<string, Artifact>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const device of devices) {
    const next = list.find((release) => fits(filterOf(release, artifacts), device))?.id ?? '';
    counts.set(next, (counts.get(next) ?? 0) + 1);
  }
  return counts;
}
