// SPDX-License-Identifier: Apache-2.0
// One release: its switch, how far it is, and each device on its way.
import { Alert, Anchor, Badge, Card, Group, SimpleGrid, Skeleton, Stack, Switch, Text, Tooltip } from '@mantine/core';
import { IconAlertTriangle, IconPencil, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { Link, useLocation, useParams } from 'wouter';
import { useObject } from '../../api/queries';
import { useProject } from '../../api/session';
import type { Artifact, Release, Rollout } from '../../api/types';
import { askDelete } from '../../components/forms';
import { GuardedButton, whyNot } from '../../components/guarded';
import { Failure, PageHead } from '../../components/page';
import { useParamsOf } from '../../components/params';
import { useRemove } from '../../components/remove';
import { spanText } from '../../components/span';
import { countText, TimeAgo } from '../../components/values';
import { detailAdvice, detailText } from '../../components/why';
import { artifactName, useArtifacts, useBlueprints, useById, useTags } from '../artifacts/data';
import { Fact, Section } from '../artifacts/facts';
import { ReleaseHistory } from './history';
import { policyLines } from './policy';
import { usePollWhile } from './poll';
import { PreviewTable } from './preview';
import { Targets } from './releases';
import { RolloutBar, StateCounts } from './rollout-bar';
import { RolloutDevices } from './rollout-devices';
import { RolloutDialog } from './rollout-dialog';
import { SideBySide } from './shadow';
import { contentText, deviceCount, reasonText, releaseTitle } from './words';

function Contents(props: { artifacts: (Artifact | undefined)[] }) {
  const { page } = useProject();
  return (
    <Group gap="xs">
      {props.artifacts.map((artifact, index) => (artifact
        ? <Anchor key={artifact.id} component={Link} href={page(`artifacts/${artifact.id}`)}>{artifactName(artifact)}</Anchor>
        : <Text key={index} span c="dimmed">an artifact that is gone</Text>))}
    </Group>
  );
}

/** What switching it on would do, while it is off. */
function WouldDo(props: { release: Release }) {
  const { artifactIds, blueprintId, deviceTagIds, policy, id } = props.release;
  const [page, setPage] = useState(0);
  return (
    <Stack gap="xs">
      <Text size="sm" c="dimmed">The rollout is off: no device gets this release. Were it on:</Text>
      <PreviewTable request={{ artifactIds, blueprintId, deviceTagIds, policy, releaseId: id }} page={page} onPage={setPage} />
    </Stack>
  );
}

function Failures(props: { rollout: Rollout }) {
  if (props.rollout.failures.length === 0) return null;
  return (
    <Alert color="red" variant="light" icon={<IconAlertTriangle />} title="Failures">
      {props.rollout.failures.map((failure) => (
        <div key={failure.reasonCode}>
          <Text size="sm">{deviceCount(failure.count)}: {reasonText(failure.reason)}</Text>
          {failure.details.map((detail) => (
            <Text key={detail.detailCode} size="sm" pl="md" data-detail={detail.detail}>
              {deviceCount(detail.count)}: {detailText(detail.detail)}. {detailAdvice(detail.detail)}
            </Text>
          ))}
        </div>
      ))}
    </Alert>
  );
}

function Progressing(props: { release: Release; artifacts: (Artifact | undefined)[] }) {
  const { project, api } = useProject();
  const [params, setParams] = useParamsOf({ state: '', term: '', page: '0' });
  const answer = useObject<Rollout>('rollout', project, api(`releases/${props.release.id}/rollout`));
  const rollout = answer.data?.data;
  usePollWhile(rollout?.complete === false, answer.refetch);
  if (answer.error && !rollout) return <Failure error={answer.error} />;
  if (!rollout) return <Skeleton h={120} />;
  const share = rollout.targets === 0 ? 0 : Math.floor((100 * rollout.states.updated) / rollout.targets);
  return (
    <Stack>
      <Group gap="xl">
        <Text size="xl" fw={700} data-testid="updated-share">{share} % updated</Text>
        <Text c="dimmed">{deviceCount(rollout.targets)}, {countText(rollout.online)} online</Text>
        {rollout.superseded > 0 ? <Text c="dimmed">{deviceCount(rollout.superseded)} fit, but get a newer release</Text> : null}
        {rollout.spreadSeconds > 0 ? <Text c="dimmed">devices begin within {spanText(rollout.spreadSeconds)}</Text> : null}
        {rollout.complete ? null : <Text c="dimmed">still counting …</Text>}
      </Group>
      <RolloutBar rollout={rollout} size={22} />
      <StateCounts rollout={rollout} chosen={params.state} onChoose={(state) => setParams({ state })} />
      <Failures rollout={rollout} />
      <RolloutDevices releaseId={props.release.id} state={params.state} term={params.term} page={Number(params.page) || 0} artifacts={props.artifacts} onChange={setParams} />
    </Stack>
  );
}

function DeleteButton(props: { release: Release; etag: string | undefined }) {
  const { api, page } = useProject();
  const drop = useRemove('release', 'rollout', 'overview');
  const name = releaseTitle(props.release);
  const ask = () => {
    const consequence = props.release.rollout
      ? 'Its rollout is on: devices go back to the release before it, as with “roll back”, and this one cannot be switched on again.'
      : 'No device gets it now, so nothing changes on devices. It cannot be switched on again.';
    askDelete(name, consequence, () => void drop({ name, path: api(`releases/${props.release.id}`), href: page('releases'), ifMatch: props.etag }));
  };
  return <GuardedButton right="OPERATE" variant="default" leftSection={<IconTrash size={18} />} onClick={ask}>Delete</GuardedButton>;
}

export default function Page() {
  const { release: id } = useParams<{ release: string }>();
  const { project, api, page, may } = useProject();
  const [, navigate] = useLocation();
  const [asked, setAsked] = useState<{ release: Release; etag: string | undefined }>();
  const answer = useObject<Release>('release', project, api(`releases/${encodeURIComponent(id)}`));
  const artifacts = useById(useArtifacts().data);
  const blueprints = useById(useBlueprints().data), tags = useById(useTags().data);
  const release = answer.data?.data;
  const back = { href: page('releases'), label: 'Releases' };
  if (answer.error && !release) return <Failure error={answer.error} what="This release" />;
  if (!release) return <PageHead title="Release" back={back} />;
  const contents = release.artifactIds.map((artifact) => artifacts.get(artifact));
  const allowed = may('OPERATE');
  const problem = release['problem'];
  return (
    <>
      <PageHead title={releaseTitle(release)} back={back} help={artifacts.size > 0 ? contentText(release, artifacts) : ' '}>
        <GuardedButton right="OPERATE" variant="default" leftSection={<IconPencil size={18} />} onClick={() => navigate(`${page('releases/new')}?edit=${release.id}`)}>Edit</GuardedButton>
        <DeleteButton release={release} etag={answer.data?.etag} />
      </PageHead>
      <Stack gap="lg">
        {typeof problem === 'string' ? <Alert color="orange" icon={<IconAlertTriangle />} title="Devices do not get this release" className="gw-text">{problem}</Alert> : null}
        <Card withBorder>
          <Group justify="space-between" align="flex-start" gap="xl">
            <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} flex={1}>
              <Fact label="Holds"><Contents artifacts={contents} /></Fact>
              <Fact label="For"><Targets release={release} blueprints={blueprints} tags={tags} /></Fact>
              <Fact label="Number"><span className="gw-mono">{String(release.sequenceNumber)}</span></Fact>
              <Fact label="Made"><TimeAgo time={release.createdAt} /></Fact>
              {policyLines(release.policy).map((line) => <Fact key={line.label} label={line.label}>{line.text}</Fact>)}
              {release.releaseTags.length > 0 ? (
                <Fact label="Release tags">
                  <Group gap={4}>{release.releaseTags.map((tag) => <Badge key={tag} variant="outline" tt="none" className="gw-text">{tag}</Badge>)}</Group>
                </Fact>
              ) : null}
            </SimpleGrid>
            <Tooltip label={whyNot('OPERATE')} disabled={allowed}>
              <div>
                <Switch size="lg" label={release.rollout ? 'Rollout is on' : 'Rollout is off'} aria-label="Rollout" checked={release.rollout} disabled={!allowed}
                  onChange={() => setAsked({ release, etag: answer.data?.etag })} />
              </div>
            </Tooltip>
          </Group>
        </Card>
        <Section title="Rollout">
          {release.rollout ? <Progressing release={release} artifacts={contents} /> : <WouldDo release={release} />}
        </Section>
        <SideBySide releaseId={release.id} policy={release.policy} />
        {may('ADMIN') ? <ReleaseHistory releaseId={release.id} /> : null}
      </Stack>
      <RolloutDialog release={asked?.release} etag={asked?.etag} onClose={() => setAsked(undefined)} readAgain={() => void answer.refetch()} />
    </>
  );
}
