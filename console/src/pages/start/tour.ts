// SPDX-License-Identifier: Apache-2.0
// How far somebody is, read from what is on the server: whatever was done by
// hand, by the command line or in another tab counts as well.
import { useMemo } from 'react';
import { useList, useObject } from '../../api/queries';
import { useProject } from '../../api/session';
import type { Artifact, Device, PackageUpdate, Release, VirtualDevice } from '../../api/types';
import { compareVersions } from '../../components/values';

/** What the built-in device runs; the models are served with the console. */
export const TOUR_PACKAGE = 'model';
export const FIRST = { version: '1.0.0', file: 'examples/yes_no.tflite' };
export const SECOND = { version: '1.1.0', file: 'examples/yes_no_stop_go.tflite' };

/** State member `speech` of the built-in device. */
export interface Speech {
  model: { package: string; version: string } | null;
  heard: { label: string; score: number; time: string } | null;
  windows: number;
  missed: number;
  swaps: number;
  longestGapMs: number;
}

export interface Tour {
  loading: boolean;
  error: Error | null;
  /** The device of the tour: the first built-in one, or else any. */
  device: Device | undefined;
  virtual: VirtualDevice | undefined;
  devices: number;
  first: Artifact | undefined;
  second: Artifact | undefined;
  update: PackageUpdate | undefined;
  /** The package that `first` is of. */
  packageName: string;
  releaseOf: (artifact: Artifact | undefined) => Release | undefined;
  /** The device says that it runs it. */
  runs: (artifact: Artifact | undefined) => boolean;
  speech: Speech | undefined;
}

function choose(artifacts: Artifact[]): [Artifact | undefined, Artifact | undefined] {
  const of = (version: string) => artifacts.find((a) => a.package === TOUR_PACKAGE && a.version === version);
  const first = of(FIRST.version) ?? artifacts.find((a) => a.version !== SECOND.version || a.package !== TOUR_PACKAGE);
  return [first, of(SECOND.version)];
}

export function useTour(): Tour {
  const { project, api } = useProject();
  const virtuals = useList<VirtualDevice>('virtualDevice', project, api('virtual-devices'), { perPage: 100 });
  const devices = useList<Device>('device', project, api('devices'), { perPage: 20 });
  const artifacts = useList<Artifact>('artifact', project, api('artifacts'), { perPage: 1000 });
  const releases = useList<Release>('release', project, api('releases'), { perPage: 100 });
  const virtual = virtuals.data?.list[0];
  const listed = devices.data?.list.find((d) => d.id === virtual?.deviceId);
  // With a large fleet it may not be on the first page.
  const own = useObject<Device>('device', project, api(`devices/${encodeURIComponent(virtual?.deviceId ?? '')}`), {}, virtual !== undefined && !listed);
  const device = listed ?? own.data?.data ?? devices.data?.list[0];
  const speech = useObject<Speech | null>('state', project, api(`devices/${encodeURIComponent(virtual?.deviceId ?? '')}/data/speech`), {}, virtual !== undefined);
  return useMemo(() => {
    const [first, second] = choose(artifacts.data?.list ?? []);
    const packageName = first?.package ?? TOUR_PACKAGE;
    const update = device?.metadata.update[packageName];
    return {
      loading: !devices.data || !artifacts.data || !releases.data,
      error: devices.error ?? artifacts.error ?? releases.error,
      device, virtual, devices: devices.data?.total ?? 0,
      first, second, update, packageName,
      releaseOf: (artifact) => releases.data?.list.find((r) => artifact !== undefined && r.artifactIds.includes(artifact.id)),
      // A newer one proves that the older step was done, too.
      runs: (artifact) => artifact !== undefined && update !== undefined && update.version !== '' && compareVersions(update.version, artifact.version) >= 0,
      speech: speech.data?.data ?? undefined,
    };
  }, [devices.data, devices.error, artifacts.data, artifacts.error, releases.data, releases.error, device, virtual, speech.data]);
}
