// SPDX-License-Identifier: Apache-2.0
// One device: who it is above, what one looks at in tabs that stand in the address.
import { Alert, Badge, Group, Skeleton, Switch, Tabs, Text, Tooltip } from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';
import { useLocation, useParams } from 'wouter';
import { ApiError, type Answer } from '../../api/client';
import { useChange, useObject } from '../../api/queries';
import type { VirtualDevice } from '../../api/schema';
import { useProject } from '../../api/session';
import type { Device } from '../../api/types';
import { askDelete, tellConflict, tellDone, tellError } from '../../components/forms';
import { NotFound } from '../../components/not-found';
import { Failure, PageHead } from '../../components/page';
import { DeviceStatusBadge, TimeAgo } from '../../components/values';
import { DeviceCredentials } from './device-credentials';
import { DeviceLog } from './device-log';
import { DeviceOverview } from './device-overview';
import { DeviceRpc } from './device-rpc';
import { DeviceSettings } from './device-settings';
import { DeviceState } from './device-state';
import { DeviceTimeline } from './device-timeline';
import { GuardedButton } from './parts';
import { SayPanel } from './say';
import { useVirtualDevices } from './virtual';

const tabs = [
  ['overview', 'Overview'], ['timeline', 'Timeline'], ['log', 'Log'], ['state', 'State'], ['settings', 'Settings'], ['rpc', 'Calls'], ['credentials', 'Credentials'],
] as const;

export interface DeviceTabProps {
  device: Device;
  virtual: VirtualDevice | undefined;
}

function EnabledSwitch(props: { answer: Answer<Device>; readAgain: () => void }) {
  const { api, may } = useProject();
  const device = props.answer.data;
  const change = useChange('device', 'rollout', 'overview');
  const set = (enabled: boolean) => {
    change.mutate({ method: 'PATCH', path: api(`devices/${device.id}`), body: { enabled }, ifMatch: props.answer.etag }, {
      onSuccess: () => tellDone(enabled ? `${device.name} is let in again` : `${device.name} is not let in any more`),
      onError: (error) => (error instanceof ApiError && error.status === 412 ? tellConflict(error, props.readAgain) : tellError(error)),
    });
  };
  return (
    <Tooltip label={may('OPERATE') ? 'A device that is not enabled is not let in.' : 'Your role may look, not change.'}>
      <div>
        <Switch label="Enabled" checked={device.enabled} disabled={!may('OPERATE') || change.isPending} onChange={(event) => set(event.currentTarget.checked)} />
      </div>
    </Tooltip>
  );
}

function DeleteButton(props: { device: Device; virtual: boolean }) {
  const { api, page } = useProject();
  const [, navigate] = useLocation();
  const { device } = props;
  const change = useChange('device', 'virtualDevice', 'overview', 'rollout');
  const remove = () => askDelete(device.name, 'Its credentials, state, settings, history, log and captures go with it. If it is still out there, it will not be let in any more.', () => {
    change.mutate({ method: 'DELETE', path: api(props.virtual ? `virtual-devices/${device.id}` : `devices/${device.id}`) }, {
      onSuccess: () => {
        tellDone(`${device.name} deleted`);
        navigate(page('devices'));
      },
      onError: (error) => tellError(error, `${device.name} stays`),
    });
  });
  return <GuardedButton need="OPERATE" variant="default" size="xs" leftSection={<IconTrash size={16} />} loading={change.isPending} onClick={remove}>Delete</GuardedButton>;
}

function Facts(props: DeviceTabProps) {
  const { device, virtual } = props;
  const online = device.status === 'online';
  return (
    <Group gap="sm" mb="md">
      <DeviceStatusBadge status={device.status} />
      {virtual ? <Tooltip label="A program of this server that behaves like a real device: it connects, downloads and runs models."><Badge variant="light" tt="none" tabIndex={0}>virtual</Badge></Tooltip> : null}
      <Text span size="sm" c="dimmed">
        {device.status === '-' ? 'It shows as online as soon as it connects with its key.' : online ? <>since <TimeAgo time={device.metadata.lastSeenOnline} /></> : <>last seen <TimeAgo time={device.metadata.lastSeenOffline ?? device.metadata.lastSeenOnline} /></>}
      </Text>
    </Group>
  );
}

function TabPanels(props: DeviceTabProps & { tab: string; answer: Answer<Device>; refetch: () => void }) {
  switch (props.tab) {
    case 'timeline':
      return <DeviceTimeline {...props} />;
    case 'log':
      return <DeviceLog {...props} />;
    case 'state':
      return <DeviceState {...props} />;
    case 'settings':
      return <DeviceSettings {...props} />;
    case 'rpc':
      return <DeviceRpc {...props} />;
    case 'credentials':
      return <DeviceCredentials {...props} />;
    default:
      return <DeviceOverview {...props} />;
  }
}

export default function Page() {
  const { project, api, page } = useProject();
  const [, navigate] = useLocation();
  const { device: id = '', tab = 'overview' } = useParams<{ device: string; tab?: string }>();
  const query = useObject<Device>('device', project, api(`devices/${id}`));
  const virtual = useVirtualDevices();
  if (!tabs.some(([name]) => name === tab)) return <NotFound what="This page" />;
  if (query.data === undefined) return query.error ? <Failure error={query.error} what="This device" /> : <Skeleton h={300} aria-label="loading the device" />;
  const device = query.data.data;
  const own = virtual.get(device.id);
  const open = (next: string | null) => navigate(page(`devices/${id}${next === 'overview' || next === null ? '' : `/${next}`}`));
  return (
    <>
      <PageHead title={device.name} back={{ href: page('devices'), label: 'Devices' }}>
        <EnabledSwitch answer={query.data} readAgain={() => void query.refetch()} />
        <DeleteButton device={device} virtual={own !== undefined} />
      </PageHead>
      <Facts device={device} virtual={own} />
      {query.error ? <Failure error={query.error} what="This device" /> : null}
      {device.enabled ? null : <Alert color="orange" mb="md">This device is not enabled: it is not let in, and gets no updates.</Alert>}
      {own?.lastError ? <Alert color="red" mb="md" title="The virtual device does not run">{own.lastError}</Alert> : null}
      {own && tab === 'overview' ? <SayPanel device={device} /> : null}
      <Tabs value={tab} onChange={open} keepMounted={false} activateTabWithKeyboard={false}>
        <Tabs.List mb="md" className="gw-tabs">
          {tabs.map(([name, label]) => <Tabs.Tab key={name} value={name}>{label}</Tabs.Tab>)}
        </Tabs.List>
        <Tabs.Panel value={tab}>
          <TabPanels tab={tab} device={device} virtual={own} answer={query.data} refetch={() => void query.refetch()} />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}
