// SPDX-License-Identifier: Apache-2.0
// Before a rollout is switched on or off: what that does, to how many devices.
import { Alert, Button, Group, List, Loader, Modal, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { ApiError } from '../../api/client';
import { useAll, useChange, useList, useObject } from '../../api/queries';
import { useProject } from '../../api/session';
import type { Device, Release, Rollout, RolloutDevice } from '../../api/types';
import { tellConflict, tellDone, tellError } from '../../components/forms';
import { useArtifacts, useById } from '../artifacts/data';
import { share, successors } from './fallback';
import { ForceQuestion, isIncompatible } from './force';
import { PreviewCounts, SpreadLine, usePreview } from './preview';
import { contentText, deviceCount, releaseTitle } from './words';

const EXACT_MAX = 100; // so many devices are looked at one by one

function ReleaseName(props: { release: Release }) {
  const artifacts = useById(useArtifacts().data);
  return <b className="gw-text">{releaseTitle(props.release)} ({contentText(props.release, artifacts)})</b>;
}

/** Where the devices go back to. */
function FallBack(props: { release: Release }) {
  const { release } = props;
  const { project, api } = useProject();
  const path = `releases/${release.id}`;
  const artifacts = useById(useArtifacts().data);
  const releases = useAll<Release>('release', project, api('releases')).data;
  const rollout = useObject<Rollout>('rollout', project, api(`${path}/rollout`)).data?.data;
  const few = rollout !== undefined && rollout.targets > 0 && rollout.targets <= EXACT_MAX;
  const targets = useList<RolloutDevice>('rollout', project, api(`${path}/devices`), { perPage: EXACT_MAX }, few).data?.list;
  const ids = targets?.map((row) => row.deviceId).join(',') ?? '';
  const devices = useList<Device>('device', project, api('devices'), { ids, perPage: EXACT_MAX }, few && ids !== '').data?.list;
  if (!rollout || !releases) return <Loader size="sm" aria-label="counting" />;
  if (rollout.targets === 0) return <Text size="sm">No device gets this release now, so none changes.</Text>;
  const { list, complete } = successors(release, releases, artifacts);
  const stay = <>keep the version that they run: no other release fits them</>;
  if (list.length === 0) return <Text size="sm">{deviceCount(rollout.targets)} {stay}.</Text>;
  if (complete && list.length === 1) {
    return <Text size="sm">{deviceCount(rollout.targets)} {rollout.targets === 1 ? 'goes' : 'go'} back to <ReleaseName release={list[0]!} />.</Text>;
  }
  if (few && !devices) return <Loader size="sm" aria-label="counting" />;
  const counts = few && devices ? share(devices, list, artifacts) : undefined;
  return (
    <Stack gap="xs">
      <Text size="sm">{deviceCount(rollout.targets)}: each goes back to the first of these that fits it.</Text>
      <List size="sm">
        {list.filter((other) => counts === undefined || counts.has(other.id)).map((other) => (
          <List.Item key={other.id}>{counts ? `${deviceCount(counts.get(other.id) ?? 0)}: ` : ''}<ReleaseName release={other} /></List.Item>
        ))}
        {complete || (counts && !counts.has('')) ? null : <List.Item>{counts ? deviceCount(counts.get('') ?? 0) : 'Devices that fit none'} {stay}.</List.Item>}
      </List>
    </Stack>
  );
}

function SwitchOn(props: { release: Release }) {
  const preview = usePreview({ ...props.release, releaseId: props.release.id }, 0, 1);
  if (preview.error) return <Alert color="red">{preview.error.message}</Alert>;
  if (!preview.data) return <Loader size="sm" aria-label="counting" />;
  return (
    <Stack gap="xs">
      <Text size="sm">Devices that fit it get it from now on, those that are offline as soon as they are back.</Text>
      <PreviewCounts answer={preview.data} />
      <SpreadLine answer={preview.data} />
    </Stack>
  );
}

interface RolloutDialogProps {
  release: Release | undefined;
  /** Of what was shown; without it the newest is changed. */
  etag?: string | undefined;
  onClose: () => void;
  readAgain?: () => void;
}

/** Switches the rollout of `release` to what it is not, after asking. */
export function RolloutDialog(props: RolloutDialogProps) {
  const { release } = props;
  const { api } = useProject();
  const [refusal, setRefusal] = useState<ApiError>();
  const change = useChange<Release>('release', 'rollout', 'overview', 'audit');
  const on = release !== undefined && !release.rollout;
  const close = () => {
    setRefusal(undefined);
    props.onClose();
  };
  const send = (force: boolean) => {
    if (!release) return;
    change.mutate({ method: 'PATCH', path: api(`releases/${release.id}`), body: { rollout: on, ...(force ? { force } : {}) }, ifMatch: props.etag }, {
      onSuccess: () => {
        tellDone(on ? `${releaseTitle(release)} is being rolled out.` : `${releaseTitle(release)} is rolled back.`);
        close();
      },
      onError: (error) => {
        if (isIncompatible(error)) {
          setRefusal(error as ApiError);
          return;
        }
        close();
        if (error instanceof ApiError && error.status === 412) tellConflict(error, () => props.readAgain?.());
        else tellError(error);
      },
    });
  };
  return (
    <>
      <Modal opened={release !== undefined && refusal === undefined} onClose={close} title={release ? `${on ? 'Roll out' : 'Roll back'} ${releaseTitle(release)}?` : ''} classNames={{ title: 'gw-text' }}>
        {release ? (
          <Stack>
            {on ? <SwitchOn release={release} /> : <FallBack release={release} />}
            <Group justify="flex-end">
              <Button variant="default" onClick={close}>Cancel</Button>
              <Button color={on ? undefined : 'red'} loading={change.isPending} onClick={() => send(false)} data-autofocus>
                {on ? 'Roll out' : 'Roll back'}
              </Button>
            </Group>
          </Stack>
        ) : null}
      </Modal>
      <ForceQuestion refusal={refusal} busy={change.isPending} onCancel={close} onForce={() => send(true)} />
    </>
  );
}
