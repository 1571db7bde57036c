// SPDX-License-Identifier: Apache-2.0
// The whole at a glance: who is there, what runs, what is on its way, what failed.
import { Alert, Anchor, Button, Card, Grid, Group, SimpleGrid, Skeleton, Stack, Text, Title } from '@mantine/core';
import { IconPlayerPlay } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { useList, useObject } from '../../api/queries';
import { useProject } from '../../api/session';
import type { Overview, Release } from '../../api/types';
import { Failure, PageHead } from '../../components/page';
import { countText, TimeAgo } from '../../components/values';
import { usePollWhile } from '../releases/poll';
import { History } from './history';
import { Failures, Rollouts } from './lists';
import { Versions } from './versions';

function BigNumber(props: { label: string; value: number; help: string; href: string; total?: number }) {
  return (
    <Card withBorder component={Link} href={props.href} c="inherit" data-number={props.label}>
      <Text size="sm" c="dimmed">{props.label}</Text>
      <Text fz={34} fw={700} lh={1.2}>
        {countText(props.value)}
        {props.total === undefined ? null : <Text span size="lg" c="dimmed" fw={400}> of {countText(props.total)}</Text>}
      </Text>
      <Text size="xs" c="dimmed">{props.help}</Text>
    </Card>
  );
}

function Panel(props: { title: string; children: ReactNode; more?: ReactNode }) {
  return (
    <Card withBorder component="section" aria-label={props.title} h="100%">
      <Group justify="space-between" mb="sm">
        <Title order={2} size="h4">{props.title}</Title>
        {props.more}
      </Group>
      {props.children}
    </Card>
  );
}

function Numbers(props: { overview: Overview }) {
  const { page } = useProject();
  const { devices, captures } = props.overview;
  return (
    <SimpleGrid cols={{ base: 2, md: 4 }}>
      <BigNumber label="Online" value={devices.online} total={devices.total} help="devices connected now" href={`${page('devices')}?status=online`} />
      <BigNumber label="Never seen" value={devices.neverSeen} help="made, but not connected yet" href={page('devices')} />
      <BigNumber label="Disabled" value={Math.max(0, devices.total - devices.enabled)} help="not let in" href={`${page('devices')}?enabled=false`} />
      <BigNumber label="To be labelled" value={captures.unlabelled} total={captures.total} help={`captures; ${countText(captures.lastDay)} in the last day`} href={`${page('captures')}?labelled=false`} />
    </SimpleGrid>
  );
}

/** What is missing for the first update over the air. */
function FirstSteps(props: { devices: number; releases: number }) {
  const { page } = useProject();
  const missing = props.devices === 0 ? 'There is no device yet.' : 'There is no release yet.';
  return (
    <Alert color="cyan" variant="light" icon={<IconPlayerPlay />} title="Five minutes to the first update over the air" mb="md">
      <Stack gap="sm" align="flex-start">
        <Text size="sm">{missing} Add a device (a virtual one will do), upload a model, roll it out: you are led through it.</Text>
        <Button component={Link} href={page('start')}>Get started</Button>
      </Stack>
    </Alert>
  );
}

function Loading() {
  return (
    <Stack aria-busy="true" aria-label="loading the overview">
      <SimpleGrid cols={{ base: 2, md: 4 }}>{[0, 1, 2, 3].map((n) => <Skeleton key={n} h={104} />)}</SimpleGrid>
      <Skeleton h={340} />
    </Stack>
  );
}

export default function Page() {
  const { project, api, page } = useProject();
  const answer = useObject<Overview>('overview', project, api('overview'));
  const releases = useList<Release>('release', project, api('releases'), { page: 0, perPage: 1 }).data?.total;
  const overview = answer.data?.data;
  usePollWhile(overview?.complete === false, answer.refetch);
  return (
    <>
      <PageHead title="Overview" />
      {answer.error && !overview ? <Failure error={answer.error} /> : null}
      {!overview ? (answer.error ? null : <Loading />) : (
        <Stack>
          {releases !== undefined && (overview.devices.total === 0 || releases === 0) ? <FirstSteps devices={overview.devices.total} releases={releases} /> : null}
          <Numbers overview={overview} />
          {overview.packages.length > 0 ? (
            <Panel title="Versions in the field over time"><History packages={overview.packages} asOf={overview.asOf} /></Panel>
          ) : null}
          <Grid>
            <Grid.Col span={{ base: 12, md: 6 }}>
              <Panel title="Rollouts" more={<Anchor component={Link} href={page('releases')} size="sm">All releases</Anchor>}><Rollouts rollouts={overview.rollouts} /></Panel>
            </Grid.Col>
            <Grid.Col span={{ base: 12, md: 6 }}>
              <Panel title="Versions now">
                {overview.packages.length === 0 ? <Text c="dimmed">No device has said yet what it runs.</Text> : <Versions packages={overview.packages} />}
              </Panel>
            </Grid.Col>
            <Grid.Col span={12}>
              <Panel title="Recent failures" more={<Anchor component={Link} href={page('monitor')} size="sm">Monitor</Anchor>}><Failures failures={overview.failures} /></Panel>
            </Grid.Col>
          </Grid>
          <Text size="xs" c="dimmed">
            {overview.complete ? 'Counted ' : 'Still counting; last counted '}<TimeAgo time={overview.asOf} />
          </Text>
        </Stack>
      )}
    </>
  );
}
