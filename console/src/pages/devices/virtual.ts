// SPDX-License-Identifier: Apache-2.0
import { useMemo } from 'react';
import { useList } from '../../api/queries';
import { useProject } from '../../api/session';

export interface VirtualDevice {
  deviceId: string;
  deviceName: string;
  running: boolean;
  startedAt: string | null;
  restarts: number;
  lastError: string | null;
}

/** The devices that are programs of this server, by device. */
export function useVirtualDevices(): Map<string, VirtualDevice> {
  const { project, api } = useProject();
  const list = useList<VirtualDevice>('virtualDevice', project, api('virtual-devices'));
  return useMemo(() => new Map((list.data?.list ?? []).map((row) => [row.deviceId, row])), [list.data]);
}
