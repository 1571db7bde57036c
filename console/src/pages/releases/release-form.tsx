// SPDX-License-Identifier: Apache-2.0
// A release being put together or changed, with the devices that it gets to
// shown at once.
import { Alert, Button, Card, Grid, Group, MultiSelect, Select, Stack, Switch, TagsInput, Text, Title } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useDebouncedValue } from '@mantine/hooks';
import { useEffect, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { ApiError } from '../../api/client';
import { useChange, type Change } from '../../api/queries';
import { useProject } from '../../api/session';
import type { Artifact, Release } from '../../api/types';
import { showFormError, tellDone } from '../../components/forms';
import { useBlueprints, useById, useTags } from '../artifacts/data';
import { packagesOf } from '../artifacts/versions';
import { ArtifactPicker } from './artifact-picker';
import { forgetDraft, keepDraft, noPolicy, type Values } from './draft';
import { ForceQuestion, isIncompatible } from './force';
import { PolicyFields } from './policy';
import { PreviewTable } from './preview';
import { releaseTitle } from './words';

const LABEL_MAX = 64;

/** The server names these fields in its messages. */
function withField(error: ApiError): ApiError {
  const known: [RegExp, string][] = [[/release tag|^release already exists/, 'releaseTags'], [/artifact/, 'artifactIds'], [/blueprint/, 'blueprintId'], [/tag/, 'deviceTagIds']];
  const field = error.field ?? known.find(([pattern]) => pattern.test(error.message))?.[1];
  return new ApiError(error.status, error.message, field, error.details, error.retryAfterS);
}

export interface ReleaseFormProps {
  draftKey: string;
  initial: Values;
  artifacts: Artifact[] | undefined;
  /** The release that is changed; without it a new one is made. */
  release?: Release;
  etag?: string | undefined;
  readAgain?: () => void;
}

export function ReleaseForm(props: ReleaseFormProps) {
  const { release, artifacts, etag, draftKey } = props;
  const { api, page } = useProject();
  const [, navigate] = useLocation();
  const blueprintList = useBlueprints().data ?? [], tagList = useTags().data ?? [];
  const blueprints = useById(blueprintList);
  const [previewPage, setPreviewPage] = useState(0);
  const [refusal, setRefusal] = useState<ApiError>();
  const change = useChange<Release>('release', 'rollout', 'overview', 'audit');
  const form = useForm<Values>({
    initialValues: props.initial,
    validate: {
      artifactIds: (ids) => (ids.length === 0 ? 'Choose at least one artifact.' : null),
      releaseTags: (labels) => (labels.some((label) => new TextEncoder().encode(label).length > LABEL_MAX) ? `At most ${LABEL_MAX} bytes each.` : null),
    },
    onValuesChange: (values) => keepDraft(draftKey, { values, etag }),
  });
  const values = form.getValues();

  // What a draft names may be gone; with one package there is nothing to choose.
  useEffect(() => {
    if (!artifacts) return;
    const there = values.artifactIds.filter((id) => artifacts.some((a) => a.id === id));
    if (there.length === 0 && !release && packagesOf(artifacts).length === 1) {
      const newest = artifacts.reduce((best, a) => (a.createdAt > best.createdAt ? a : best));
      form.setFieldValue('artifactIds', [newest.id]);
    } else if (there.length !== values.artifactIds.length) form.setFieldValue('artifactIds', there);
  }, [artifacts]);

  const policy = { ...noPolicy, spreadSeconds: values.policy.spreadSeconds };
  const [request] = useDebouncedValue({ artifactIds: values.artifactIds, blueprintId: values.blueprintId, deviceTagIds: values.deviceTagIds, policy }, 250);
  const requestText = JSON.stringify(request);
  useEffect(() => setPreviewPage(0), [requestText]);

  const send = (force: boolean) => {
    const { rollout, ...content } = form.getValues();
    const extra = force ? { force } : {};
    const request: Change = release
      ? { method: 'PATCH', path: api(`releases/${release.id}`), body: { ...content, ...extra }, ifMatch: etag }
      : { method: 'POST', path: api('releases'), body: { ...content, rollout, ...extra } };
    change.mutate(request, {
      onSuccess: (answer) => {
        forgetDraft(draftKey);
        tellDone(release ? `${releaseTitle(answer)} is saved.` : answer.rollout ? `${releaseTitle(answer)} is being rolled out.` : `${releaseTitle(answer)} is made; its rollout is off.`);
        navigate(page(`releases/${answer.id}`));
      },
      onError: (error) => {
        setRefusal(undefined);
        if (isIncompatible(error)) setRefusal(error as ApiError);
        else showFormError(form, error instanceof ApiError && error.status < 500 && error.status !== 412 ? withField(error) : error, props.readAgain);
      },
    });
  };
  const saveLabel = release ? 'Save' : values.rollout ? 'Make it and roll out' : 'Make the release';
  return (
    <>
      <Grid gap="lg">
        <Grid.Col span={{ base: 12, md: 5 }}>
          <Card withBorder>
            <form onSubmit={form.onSubmit(() => send(false))} noValidate aria-label={release ? 'Release' : 'New release'}>
              <Stack>
                <ArtifactPicker artifacts={artifacts ?? []} blueprints={blueprints} value={values.artifactIds} error={form.errors['artifactIds']}
                  onChange={(ids) => form.setFieldValue('artifactIds', ids)} />
                <Select label="Blueprint" description="Only devices of this blueprint" placeholder="Any" clearable searchable={blueprintList.length > 8}
                  data={blueprintList.map((b) => ({ value: b.id, label: b.name }))} value={values.blueprintId || null} error={form.errors['blueprintId']}
                  onChange={(id) => form.setFieldValue('blueprintId', id ?? '')} />
                <MultiSelect label="Device tags" description="Only devices that have all of these tags" placeholder={values.deviceTagIds.length === 0 ? 'Any' : ''} clearable searchable maxValues={8}
                  data={tagList.map((t) => ({ value: t.id, label: t.name }))} {...form.getInputProps('deviceTagIds')} />
                <TagsInput label="Release tags" description="Names for this release, each used once. Press Enter after each." placeholder={values.releaseTags.length === 0 ? 'for example 2026-summer' : ''} clearable maxTags={8}
                  splitChars={[',']} acceptValueOnBlur {...form.getInputProps('releaseTags')} />
                <PolicyFields value={values.policy} onChange={(next) => form.setFieldValue('policy', next)} />
                {release ? null : (
                  <Switch label="Start the rollout" description="Devices get it at once. Off: it is made, and waits for its switch." checked={values.rollout}
                    onChange={(event) => form.setFieldValue('rollout', event.currentTarget.checked)} />
                )}
                {release?.rollout ? <Alert color="yellow" variant="light">Its rollout is on: devices follow as soon as you save.</Alert> : null}
                <Group justify="flex-end">
                  <Button variant="default" component={Link} href={page(release ? `releases/${release.id}` : 'releases')} onClick={() => release && forgetDraft(draftKey)}>Cancel</Button>
                  <Button type="submit" loading={change.isPending}>{saveLabel}</Button>
                </Group>
              </Stack>
            </form>
          </Card>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 7 }}>
          <Stack gap="sm" component="section" aria-label="Who gets it">
            <Title order={2} size="h4">Who gets it</Title>
            <Text size="sm" c="dimmed">Every device that fits the choice, and what would happen to it as things stand now.</Text>
            <PreviewTable request={{ ...request, ...(release ? { releaseId: release.id } : {}) }} page={previewPage} onPage={setPreviewPage} />
          </Stack>
        </Grid.Col>
      </Grid>
      <ForceQuestion refusal={refusal} busy={change.isPending} onCancel={() => setRefusal(undefined)} onForce={() => send(true)} />
    </>
  );
}
