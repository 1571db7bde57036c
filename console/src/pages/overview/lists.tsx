// SPDX-License-Identifier: Apache-2.0
// Running rollouts and recent failures, as the overview shows them.
import { Anchor, Group, Stack, Text } from '@mantine/core';
import { Link } from 'wouter';
import { useAll } from '../../api/queries';
import { useProject } from '../../api/session';
import type { FailedUpdate, Release, Rollout } from '../../api/types';
import { TimeAgo } from '../../components/values';
import { useArtifacts, useById } from '../artifacts/data';
import { RolloutBar, rolloutSummary } from '../releases/rollout-bar';
import { withDetail } from '../../components/why';
import { contentText, deviceCount, reasonText, releaseTitle } from '../releases/words';

export function Rollouts(props: { rollouts: Rollout[] }) {
  const { project, api, page } = useProject();
  const releases = useById(useAll<Release>('release', project, api('releases')).data);
  const artifacts = useById(useArtifacts().data);
  if (props.rollouts.length === 0) return <Text c="dimmed">No device gets a release now.</Text>;
  return (
    <Stack gap="md">
      {props.rollouts.map((rollout) => {
        const release = releases.get(rollout.releaseId);
        return (
          <Stack key={rollout.releaseId} gap={4} data-rollout={rollout.releaseId}>
            <Group justify="space-between" gap="xs">
              <Anchor component={Link} href={page(`releases/${rollout.releaseId}`)} className="gw-text">
                {release ? releaseTitle(release) : 'Release'}
              </Anchor>
              <Text size="sm" c="dimmed" className="gw-text">{release ? contentText(release, artifacts) : ''}</Text>
            </Group>
            <RolloutBar rollout={rollout} />
            <Text size="sm">{rollout.states.updated === rollout.targets ? `${rollout.targets === 1 ? '' : 'all '}${deviceCount(rollout.targets)} updated` : rolloutSummary(rollout)}</Text>
          </Stack>
        );
      })}
    </Stack>
  );
}

export function Failures(props: { failures: FailedUpdate[] }) {
  const { page } = useProject();
  if (props.failures.length === 0) return <Text c="dimmed">None that anybody knows of.</Text>;
  return (
    <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
      {props.failures.slice(0, 8).map((event) => (
        <Group key={event.id} component="li" justify="space-between" wrap="nowrap" gap="xs">
          <Text size="sm" className="gw-text">
            <Anchor component={Link} underline="always" href={page(`devices/${event.deviceId}`)}>{event.deviceName || event.deviceId}</Anchor>
            : {event.packageId} {event.targetVersion}, {withDetail(reasonText(String(event.message ?? event.status)), event.detail)}
          </Text>
          <Text size="sm" c="dimmed" style={{ whiteSpace: 'nowrap' }}><TimeAgo time={event.timestamp} /></Text>
        </Group>
      ))}
    </Stack>
  );
}
