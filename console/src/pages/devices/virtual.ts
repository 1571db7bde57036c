// SPDX-License-Identifier: Apache-2.0
import { useMemo } from 'react';
import { useList } from '../../api/queries';
import type { VirtualDevice } from '../../api/schema';
import { useProject } from '../../api/session';


/** The devices that are programs of this server, by device. */
export function useVirtualDevices(): Map<string, VirtualDevice> {
  const { project, api } = useProject();
  const list = useList<VirtualDevice>('virtualDevice', project, api('virtual-devices'));
  return useMemo(() => new Map((list.data?.list ?? []).map((row) => [row.deviceId, row])), [list.data]);
}
