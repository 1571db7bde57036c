// SPDX-License-Identifier: Apache-2.0
// "Upload" and "roll out" of one of the example models.
import { Anchor, Button, Group, Progress, Text } from '@mantine/core';
import { IconCheck, IconRocket, IconUpload } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import { ApiError, apiUrl, upload } from '../../api/client';
import { useProgress } from '../../api/live';
import { useChange } from '../../api/queries';
import { useProject } from '../../api/session';
import type { Artifact, Release } from '../../api/types';
import { tellError } from '../../components/forms';
import { bytesText } from '../../components/values';
import { GuardedButton } from '../../components/guarded';
import { isFailure, reasonText } from '../devices/words';
import { TOUR_PACKAGE, type FIRST, type Tour } from './tour';

async function fetchExample(file: string): Promise<Blob> {
  const response = await fetch(apiUrl(file));
  if (!response.ok) throw new ApiError(response.status, `The server has no ${file}: was it built without the console’s examples?`, undefined, [], undefined);
  return response.blob();
}

export function UploadExample(props: { example: typeof FIRST; artifact: Artifact | undefined; own?: boolean }) {
  const { project, api, page } = useProject();
  const client = useQueryClient();
  const [share, setShare] = useState<number | null>(null);
  const { example, artifact } = props;
  if (artifact) {
    return (
      <Anchor size="sm" component={Link} href={page(`artifacts/${artifact.id}`)} className="gw-text">
        {artifact.package} {artifact.version}, {bytesText(Number(artifact.size))}
      </Anchor>
    );
  }
  const start = async () => {
    setShare(0);
    try {
      const bytes = await fetchExample(example.file);
      await upload<Artifact>(api('artifacts'), bytes, { package: TOUR_PACKAGE, version: example.version }, setShare);
    } catch (error) {
      tellError(error);
    }
    await client.invalidateQueries({ queryKey: ['artifact', project] });
    setShare(null);
  };
  return (
    <>
      <Group>
        <GuardedButton right="OPERATE" leftSection={<IconUpload size={16} />} onClick={() => void start()} loading={share !== null}>
          Upload the example {example.version}
        </GuardedButton>
        {props.own ? <Button variant="default" component={Link} href={page('artifacts/new')}>Your own .tflite</Button> : null}
      </Group>
      {share !== null ? <Progress value={share * 100} aria-label="upload" /> : null}
    </>
  );
}

function Waiting(props: { tour: Tour; artifact: Artifact }) {
  const { tour, artifact } = props;
  const progress = useProgress(tour.device?.id ?? '', artifact.package);
  const { update } = tour;
  if (tour.device === undefined) return <Text size="sm">It waits for a device: make one above.</Text>;
  if (update && update.target === artifact.version && isFailure(update.reasonCode)) {
    return <Text size="sm" c="red" role="alert">The device says: {reasonText(update.reason)}.</Text>;
  }
  const percent = progress?.version === artifact.version ? progress.percent : null;
  const words = percent !== null ? `downloading, ${Math.floor(percent)} %` : update && update.state !== 'IDLE' ? update.state.toLowerCase() : tour.device.status === 'online' ? 'it has been told' : 'waiting until the device is online';
  return (
    <>
      <Text size="sm" role="status">
        <span className="gw-text">{tour.device.name}</span>: {words}
      </Text>
      <Progress value={percent ?? (update?.state === 'DOWNLOADED' || update?.state === 'UPDATING' ? 100 : 5)} animated aria-label="rollout" />
    </>
  );
}

/** Makes the release; then shows live what becomes of it. */
export function RollOut(props: { tour: Tour; artifact: Artifact | undefined }) {
  const { tour, artifact } = props;
  const { api, page } = useProject();
  const change = useChange<Release>('release', 'device');
  const release = tour.releaseOf(artifact);
  if (!artifact) return null;
  if (tour.runs(artifact)) {
    return (
      <Group gap={6}>
        <IconCheck size={18} color="var(--mantine-color-green-text)" aria-hidden />
        <Text size="sm">
          <span className="gw-text">{tour.device?.name}</span> runs {artifact.package} <span className="gw-mono">{tour.update?.version}</span>.
        </Text>
      </Group>
    );
  }
  const start = () => {
    const request = release && !release.rollout
      ? { method: 'PATCH' as const, path: api(`releases/${release.id}`), body: { rollout: true } }
      : { method: 'POST' as const, path: api('releases'), body: { artifactIds: [artifact.id], rollout: true } };
    change.mutate(request, { onError: (error) => tellError(error) });
  };
  if (!release?.rollout) {
    return (
      <Group>
        <GuardedButton right="OPERATE" leftSection={<IconRocket size={16} />} onClick={start} loading={change.isPending}>
          Roll out {artifact.version}
        </GuardedButton>
      </Group>
    );
  }
  return (
    <>
      <Waiting tour={tour} artifact={artifact} />
      <Anchor size="sm" component={Link} href={page(`releases/${release.id}`)}>See the release</Anchor>
    </>
  );
}
