// SPDX-License-Identifier: Apache-2.0
import { Anchor, Badge, Button, Card, Code, Group, SimpleGrid, Stack, Table, TagsInput, Text, TextInput, Title } from '@mantine/core';
import { Link } from 'wouter';
import type { ReactNode } from 'react';
import { useChange, useList, useObject } from '../../api/queries';
import { useProject } from '../../api/session';
import type { Device } from '../../api/types';
import { tellDone } from '../../components/forms';
import { bytesText, CopyIcon, countText, TimeAgo } from '../../components/values';
import { detailAdvice, withDetail } from '../../components/why';
import type { DeviceTabProps } from './device';
import { showErrorAt, useEditForm } from './editing';
import { BlueprintSelect, GuardedButton, PackageBusy, TagSelect } from './parts';
import { isFailure, reasonText, stateText } from './words';

function Panel(props: { title: string; children: ReactNode }) {
  return (
    <Card withBorder component="section" aria-label={props.title}>
      <Title order={2} size="h4" mb="sm">{props.title}</Title>
      {props.children}
    </Card>
  );
}

function Packages(props: { device: Device }) {
  const { page } = useProject();
  const packages = Object.entries(props.device.metadata.update);
  if (packages.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        It has not reported what it runs. <Anchor component={Link} href={page('releases')} size="sm" underline="always">A release</Anchor> brings it its first model.
      </Text>
    );
  }
  return (
    <Stack gap="sm">
      {packages.map(([name, update]) => {
        const failed = isFailure(update.reasonCode);
        return (
          <div key={name} data-package={name}>
            <Group gap="xs">
              <Text fw={600} className="gw-text">{name}</Text>
              <Text className="gw-mono">{update.version || 'none yet'}</Text>
              <Badge size="sm" tt="none" variant="light" color={failed ? 'red' : update.state === 'IDLE' ? 'gray' : 'cyan'}>{failed ? 'failed' : stateText(update.state)}</Badge>
              <Text span size="xs" c="dimmed"><TimeAgo time={update.time} /></Text>
            </Group>
            {failed ? <Text size="sm" c="red">{update.target ? `${update.target}: ` : ''}{withDetail(reasonText(update.reason), update.detail)}</Text> : null}
            {failed && detailAdvice(update.detail) ? <Text size="sm" c="dimmed">{detailAdvice(update.detail)}</Text> : null}
            {update.state !== 'IDLE' && !failed ? <PackageBusy deviceId={props.device.id} name={name} update={update} /> : null}
          </div>
        );
      })}
    </Stack>
  );
}

function Fact(props: { name: string; children: ReactNode }) {
  return (
    <Table.Tr>
      <Table.Th scope="row" w={130} style={{ verticalAlign: 'top' }}><Text span size="sm" c="dimmed">{props.name}</Text></Table.Th>
      <Table.Td>{props.children}</Table.Td>
    </Table.Tr>
  );
}

function Profile(props: { device: Device }) {
  const profile = props.device.metadata.profile;
  if (!profile) return <Text size="sm" c="dimmed">It has not said what it is. Devices built with Godwit’s SDK say it when they connect; others need not. Its blueprint can state the limits instead.</Text>;
  return (
    <Table withRowBorders={false} verticalSpacing={2}>
      <Table.Tbody>
        <Fact name="Board"><span className="gw-text">{profile.board || '–'}</span></Fact>
        <Fact name="SDK"><span className="gw-text">{profile.sdk || '–'}</span></Fact>
        <Fact name="Runtime"><span className="gw-text">{profile.runtime || '–'}</span></Fact>
        <Fact name="Tensor arena">{profile.arenaBytes ? bytesText(profile.arenaBytes) : '–'}</Fact>
        <Fact name="Model slot">{profile.slotBytes ? bytesText(profile.slotBytes) : '–'}</Fact>
        <Fact name={`Operators (${profile.ops.length})`}><Group gap={4}>{profile.ops.map((op) => <Code key={op}>{op}</Code>)}</Group></Fact>
        <Fact name="Reported"><TimeAgo time={profile.time} /></Fact>
      </Table.Tbody>
    </Table>
  );
}

const empty = { name: '', blueprintId: '', tagIds: [] as string[], hardwareIds: [] as string[] };
const toValues = (device: Device) => ({ name: device.name, blueprintId: device.blueprintId, tagIds: device.tagIds, hardwareIds: device.hardwareIds });

function Identity(props: { device: Device }) {
  const { project, api, may } = useProject();
  const query = useObject<Device>('device', project, api(`devices/${props.device.id}`));
  const { form, etag, readAgain, saved } = useEditForm(query, { ...empty, ...toValues(props.device) }, toValues, { name: (value) => (value.trim() === '' ? 'Give it a name' : null) });
  const change = useChange<Device>('device', 'rollout', 'overview');
  const readOnly = !may('OPERATE');
  const submit = form.onSubmit(async (values) => {
    try {
      await change.mutateAsync({ method: 'PATCH', path: api(`devices/${props.device.id}`), body: values, ifMatch: etag() });
      saved();
      tellDone('Saved');
    } catch (error) {
      showErrorAt(form, error, 'name', readAgain);
    }
  });
  return (
    <form onSubmit={(event) => void submit(event)} noValidate>
      <Stack gap="sm">
        <TextInput label="Name" required maxLength={64} readOnly={readOnly} {...form.getInputProps('name')} />
        <BlueprintSelect label="Blueprint" disabled={readOnly} {...form.getInputProps('blueprintId')} />
        <TagSelect label="Tags" disabled={readOnly} {...form.getInputProps('tagIds')} />
        <TagsInput label="Hardware ids" maxTags={4} readOnly={readOnly} placeholder={form.getValues().hardwareIds.length === 0 ? 'Serial numbers and the like' : ''} {...form.getInputProps('hardwareIds')} />
        <Group justify="flex-end">
          {form.isDirty() ? <Button variant="default" onClick={() => form.reset()}>Undo</Button> : null}
          <GuardedButton need="OPERATE" type="submit" disabled={!form.isDirty()} loading={change.isPending}>Save</GuardedButton>
        </Group>
      </Stack>
    </form>
  );
}

function Numbers(props: { device: Device }) {
  const { project, api, page } = useProject();
  const { device } = props;
  const captures = useList<{ id: string }>('capture', project, api('captures'), { deviceId: device.id, perPage: 1 });
  const total = captures.data?.total;
  return (
    <Table withRowBorders={false} verticalSpacing={2}>
      <Table.Tbody>
        <Fact name="Id"><Group gap={4} wrap="nowrap"><Code>{device.id}</Code><CopyIcon value={device.id} label="Copy the id" /></Group></Fact>
        <Fact name="Certificate">
          {device.certificateId ? <Group gap={4}><Code>{device.certificateId}</Code><Anchor component={Link} size="sm" href={page(`devices/${device.id}/credentials`)}>show</Anchor></Group> : <Text span size="sm" c="dimmed">none: it comes with a key</Text>}
        </Fact>
        <Fact name="Captures">
          <Anchor component={Link} size="sm" href={page(`captures?deviceId=${device.id}`)}>{total === undefined ? 'show them' : total === 1 ? '1 capture' : `${countText(total)} captures`}</Anchor>
        </Fact>
        <Fact name="Last report"><TimeAgo time={device.lastReport} /></Fact>
        <Fact name="Added"><TimeAgo time={device.createdAt} /></Fact>
      </Table.Tbody>
    </Table>
  );
}

export function DeviceOverview(props: DeviceTabProps) {
  const { device } = props;
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }}>
      <Stack>
        <Panel title="What it runs"><Packages device={device} /></Panel>
        <Panel title="What it is"><Profile device={device} /></Panel>
      </Stack>
      <Stack>
        <Panel title="Name and groups"><Identity key={device.id} device={device} /></Panel>
        <Panel title="More"><Numbers device={device} /></Panel>
      </Stack>
    </SimpleGrid>
  );
}
