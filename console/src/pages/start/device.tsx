// SPDX-License-Identifier: Apache-2.0
import { Anchor, Button, Group, Loader, Text } from '@mantine/core';
import { IconCpu } from '@tabler/icons-react';
import { Link } from 'wouter';
import { useChange } from '../../api/queries';
import { useProject } from '../../api/session';
import type { VirtualDevice } from '../../api/types';
import { tellError } from '../../components/forms';
import { DeviceStatusBadge } from '../../components/values';
import { GuardedButton } from '../../components/guarded';
import type { Tour } from './tour';

export function DeviceStep(props: { tour: Tour }) {
  const { tour } = props;
  const { api, page } = useProject();
  const change = useChange<VirtualDevice>('virtualDevice', 'device');
  const make = () => change.mutate({ method: 'POST', path: api('virtual-devices'), body: {} }, { onError: (error) => tellError(error) });
  const { device, virtual } = tour;
  return (
    <>
      {device ? (
        <Group gap="sm">
          <Anchor size="sm" component={Link} href={page(`devices/${device.id}`)} className="gw-text">{device.name}</Anchor>
          <DeviceStatusBadge status={device.status} />
          {virtual && device.status !== 'online' && !virtual.lastError ? <Loader size="xs" aria-label="connecting" /> : null}
          {tour.devices > 1 ? <Text size="sm" c="dimmed">and {tour.devices - 1} more</Text> : null}
        </Group>
      ) : null}
      {virtual?.lastError ? <Text size="sm" c="red" role="alert">It does not run: {virtual.lastError}</Text> : null}
      {virtual ? null : (
        <Group>
          <GuardedButton right="OPERATE" variant={device ? 'default' : 'filled'} leftSection={<IconCpu size={16} />} onClick={make} loading={change.isPending}>
            Make a virtual device
          </GuardedButton>
          {device ? null : <Button variant="default" component={Link} href={page('devices')}>I have a board</Button>}
        </Group>
      )}
    </>
  );
}
