// SPDX-License-Identifier: Apache-2.0
// One artifact: what is inside, how good it is, who can run it, where it is used.
import { Anchor, Badge, Button, Group, List, Select, SimpleGrid, Stack, Text } from '@mantine/core';
import { IconDownload, IconRocket, IconTrash } from '@tabler/icons-react';
import { Link, useLocation, useParams } from 'wouter';
import { apiUrl } from '../../api/client';
import { useAll, useObject } from '../../api/queries';
import { useProject } from '../../api/session';
import type { Artifact, Compatibility, Release } from '../../api/types';
import { askDelete, tellError } from '../../components/forms';
import { GuardedButton } from '../../components/guarded';
import { Failure, PageHead } from '../../components/page';
import { useRemove } from '../../components/remove';
import { bytesText, CopyIcon, TimeAgo } from '../../components/values';
import { CompatibilityTable } from './compatibility';
import { artifactName, useArtifacts, useBlueprints } from './data';
import { Encodings } from './encodings';
import { Evaluations } from './evaluations';
import { Fact, ModelFacts, Section } from './facts';
import { ModelGraph } from './graph';
import { Signature } from './signature';
import { newestFirst } from './versions';

function CompareWith(props: { artifact: Artifact }) {
  const { page } = useProject();
  const [, navigate] = useLocation();
  const others = (useArtifacts().data ?? [])
    .filter((a) => a.id !== props.artifact.id && a.binaryInfo.type === 'tflite')
    .sort((a, b) => Number(b.package === props.artifact.package) - Number(a.package === props.artifact.package) || newestFirst(a, b));
  if (others.length === 0 || props.artifact.binaryInfo.type !== 'tflite') return null;
  return (
    <Select aria-label="Compare with" placeholder="Compare with …" size="sm" w={190} searchable value={null}
      data={others.map((a) => ({ value: a.id, label: artifactName(a) }))}
      onChange={(id) => id && navigate(page(`artifacts/compare/${id}/${props.artifact.id}`))} />
  );
}

function UsedBy(props: { releases: Release[] }) {
  const { page } = useProject();
  return (
    <Section title="Releases that use it">
      {props.releases.length === 0 ? (
        <Text c="dimmed">None yet: no device gets it before a release holds it.</Text>
      ) : (
        <List>
          {props.releases.map((release) => (
            <List.Item key={release.id}>
              <Group gap="xs">
                <Anchor component={Link} href={page(`releases/${release.id}`)} className="gw-text">
                  {release.releaseTags[0] ?? `Release ${release.sequenceNumber}`}
                </Anchor>
                {release.rollout ? <Badge variant="light" tt="none">rollout on</Badge> : null}
                <TimeAgo time={release.createdAt} />
              </Group>
            </List.Item>
          ))}
        </List>
      )}
    </Section>
  );
}

function DeleteButton(props: { artifact: Artifact; releases: Release[] }) {
  const { api, page } = useProject();
  const drop = useRemove('artifact', 'overview');
  const name = artifactName(props.artifact);
  const remove = () => {
    if (props.releases.length > 0) {
      const names = props.releases.map((r) => r.releaseTags[0] ?? `#${r.sequenceNumber}`).join(', ');
      tellError(new Error(`Releases use it: ${names}. Delete these first.`), `${name} cannot be deleted`);
      return;
    }
    askDelete(name, 'Its bytes and evaluations are gone for good. Devices that run it go on with it. The version cannot be used for other bytes again.', () =>
      void drop({ name, path: api(`artifacts/${props.artifact.id}`), href: page('artifacts') }),
    );
  };
  return <GuardedButton right="OPERATE" variant="default" color="red" leftSection={<IconTrash size={18} />} onClick={remove}>Delete</GuardedButton>;
}

export default function Page() {
  const { artifact: id } = useParams<{ artifact: string }>();
  const { project, api, page } = useProject();
  const [, navigate] = useLocation();
  const answer = useObject<Artifact>('artifact', project, api(`artifacts/${encodeURIComponent(id)}`));
  const artifact = answer.data?.data;
  const isModel = artifact?.binaryInfo.type === 'tflite';
  const compatibility = useObject<{ compatibility: Compatibility[] }>('rollout', project, api(`artifacts/${encodeURIComponent(id)}/compatibility`), {}, isModel);
  const releases = (useAll<Release>('release', project, api('releases')).data ?? []).filter((r) => r.artifactIds.includes(id));
  const blueprint = useBlueprints().data?.find((b) => b.id === artifact?.blueprintId)?.name;
  if (answer.error && !artifact) return <Failure error={answer.error} what="This artifact" />;
  if (!artifact) return <PageHead title="Artifact" back={{ href: page('artifacts'), label: 'Artifacts' }} />;
  const digest = artifact.binaryInfo.digests.sha256.digest;
  return (
    <>
      <PageHead title={artifactName(artifact)} back={{ href: page('artifacts'), label: 'Artifacts' }}
        help={isModel ? String(artifact.model?.['description'] ?? '') || 'A TensorFlow Lite model.' : 'A binary: devices get it unchecked.'}>
        <CompareWith artifact={artifact} />
        <Button component="a" href={apiUrl(api(`artifacts/${artifact.id}/content`))} download variant="default" leftSection={<IconDownload size={18} />}>Download</Button>
        <DeleteButton artifact={artifact} releases={releases} />
        <GuardedButton right="OPERATE" leftSection={<IconRocket size={18} />} onClick={() => navigate(`${page('releases/new')}?artifact=${artifact.id}`)}>Release it</GuardedButton>
      </PageHead>
      <Stack gap="xl">
        <SimpleGrid cols={{ base: 1, sm: 2, md: 4 }}>
          <Fact label="Stored"><TimeAgo time={artifact.createdAt} /></Fact>
          <Fact label="Blueprint">{artifact.blueprintId === '' ? 'all devices' : (blueprint ?? '…')}</Fact>
          {isModel ? null : <Fact label="Size">{bytesText(Number(artifact.size))}</Fact>}
          <Fact label="SHA-256">
            <Group gap={4} wrap="nowrap"><span className="gw-mono">{digest.slice(0, 16)}…</span><CopyIcon value={digest} label="Copy SHA-256" /></Group>
          </Fact>
          <Signature artifact={artifact} />
        </SimpleGrid>
        {isModel && artifact.model ? <ModelFacts info={artifact.model} size={Number(artifact.size)} /> : null}
        {isModel ? <CompatibilityTable rows={compatibility.data?.data.compatibility} /> : null}
        {isModel ? <Evaluations artifactId={artifact.id} /> : null}
        <Encodings artifact={artifact} refetch={answer.refetch} />
        <UsedBy releases={releases} />
        {artifact.model ? <ModelGraph info={artifact.model} /> : null}
      </Stack>
    </>
  );
}
