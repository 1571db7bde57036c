// SPDX-License-Identifier: Apache-2.0
// What releases, states and reasons are called, on every page the same.
import type { Artifact, Release, RolloutState, Verdict } from '../../api/types';

export const states: { state: RolloutState; label: string; colour: string; help: string }[] = [
  { state: 'waiting', label: 'Waiting', colour: 'gray.5', help: 'has not begun: offline, or not asked yet' },
  { state: 'downloading', label: 'Downloading', colour: 'blue.4', help: 'is fetching the bytes' },
  { state: 'downloaded', label: 'Downloaded', colour: 'blue.8', help: 'has the bytes and checked them' },
  { state: 'updating', label: 'Updating', colour: 'violet.6', help: 'is swapping' },
  { state: 'updated', label: 'Updated', colour: 'teal.7', help: 'runs it' },
  { state: 'failed', label: 'Failed', colour: 'red.7', help: 'gave up, and says why' },
];

/** `label`: of one device, `many`: of several. */
export const verdicts: Record<Verdict, { label: string; many: string; colour: string; help: string }> = {
  update: { label: 'gets it', many: 'get it', colour: 'teal', help: 'These devices are updated.' },
  same: { label: 'runs it already', many: 'run it already', colour: 'gray', help: 'Nothing happens to these.' },
  superseded: { label: 'gets a newer release', many: 'get a newer release', colour: 'gray', help: 'A release with a higher number fits them, too.' },
  incompatible: { label: 'cannot run it', many: 'cannot run it', colour: 'red', help: 'By what they say of themselves.' },
};

const reasons: Record<string, string> = {
  NOT_ENOUGH_FLASH_MEMORY: 'not enough flash',
  OUT_OF_RAM: 'not enough memory',
  CONNECTION_LOST: 'the connection was lost',
  INTEGRITY_CHECK_FAILURE: 'the bytes that arrived are wrong',
  UNSUPPORTED_PACKAGE_TYPE: 'the device knows no such package',
  INVALID_URI: 'the address is wrong',
  FIRMWARE_UPDATE_FAILED: 'the update failed on the device',
  UNSUPPORTED_PROTOCOL: 'the device cannot fetch it that way',
  IO: 'the device could not write it',
  AWAIT_RETRY: 'it is tried again later',
};
/** A reason that a device sent, in words; unknown ones as they came. */
export function reasonText(reason: string): string {
  return reasons[reason] ?? reason.toLowerCase().replaceAll('_', ' ');
}

export function releaseTitle(release: { releaseTags: string[]; sequenceNumber: string | number }): string {
  return release.releaseTags[0] ?? `Release ${release.sequenceNumber}`;
}

/** "model 1.1.0, firmware 3.0.0" */
export function contentText(release: { artifactIds: string[] }, artifacts: Map<string, Artifact>): string {
  return release.artifactIds.map((id) => {
    const artifact = artifacts.get(id);
    return artifact ? `${artifact.package} ${artifact.version}` : 'an artifact that is gone';
  }).join(', ');
}

export function newestRelease(a: Release, b: Release): number {
  return Number(b.sequenceNumber) - Number(a.sequenceNumber);
}

export function deviceCount(count: number): string {
  return count === 1 ? '1 device' : `${count.toLocaleString('en')} devices`;
}
