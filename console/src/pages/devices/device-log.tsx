// SPDX-License-Identifier: Apache-2.0
import { useProject } from '../../api/session';
import type { DeviceTabProps } from './device';
import { LogView } from '../monitor/log-view';

export function DeviceLog(props: DeviceTabProps) {
  const { api } = useProject();
  return <LogView path={api(`devices/${props.device.id}/logs`)} deviceId={props.device.id} />;
}
