// SPDX-License-Identifier: Apache-2.0
// What happens in the fleet just now: updates, and what devices log.
import { Tabs } from '@mantine/core';
import { useProject } from '../../api/session';
import { PageHead } from '../../components/page';
import { useParamsOf } from '../../components/params';
import { DeviceSelect } from '../devices/parts';
import { Events } from './events';
import { LogView } from './log-view';

export default function Page() {
  const { api } = useProject();
  const [params, change] = useParamsOf({ tab: 'updates', deviceId: '' });
  const chooseDevice = <DeviceSelect aria-label="Device" value={params.deviceId} onChange={(deviceId) => change({ deviceId })} w={{ base: '100%', xs: 200 }} />;
  return (
    <>
      <PageHead title="Monitor" help="What happens in the fleet, as it happens." />
      <Tabs value={params.tab} onChange={(tab) => change({ tab: tab ?? 'updates' })} keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="updates">Updates</Tabs.Tab>
          <Tabs.Tab value="logs">Logs</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="updates"><Events deviceId={params.deviceId}>{chooseDevice}</Events></Tabs.Panel>
        <Tabs.Panel value="logs"><LogView key={params.deviceId} path={api('logs')} deviceId={params.deviceId}>{chooseDevice}</LogView></Tabs.Panel>
      </Tabs>
    </>
  );
}
