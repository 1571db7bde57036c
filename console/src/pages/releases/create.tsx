// SPDX-License-Identifier: Apache-2.0
// A new release, with the devices that it gets to shown while it is put together.
import { Alert, Anchor, Button, Card, Grid, Group, MultiSelect, Select, Stack, Switch, TagsInput, Text, Title } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useDebouncedValue } from '@mantine/hooks';
import { useEffect, useState } from 'react';
import { Link, useLocation, useSearchParams } from 'wouter';
import { ApiError } from '../../api/client';
import { useChange } from '../../api/queries';
import { useProject } from '../../api/session';
import type { Release } from '../../api/types';
import { showFormError, tellDone } from '../../components/forms';
import { whyNot } from '../../components/guarded';
import { PageHead } from '../../components/page';
import { useArtifacts, useBlueprints, useById, useTags } from '../artifacts/data';
import { packagesOf } from '../artifacts/versions';
import { ArtifactPicker } from './artifact-picker';
import { ForceQuestion, isIncompatible } from './force';
import { PreviewTable } from './preview';
import { releaseTitle } from './words';

interface Values {
  artifactIds: string[];
  blueprintId: string;
  deviceTagIds: string[];
  releaseTags: string[];
  rollout: boolean;
}
const empty: Values = { artifactIds: [], blueprintId: '', deviceTagIds: [], releaseTags: [], rollout: false };
const LABEL_MAX = 64;

function draftKey(project: string): string {
  return `godwit.draft.release.${project}`;
}
function readDraft(project: string): Partial<Values> {
  try {
    return JSON.parse(sessionStorage.getItem(draftKey(project)) ?? '{}') as Partial<Values>;
  } catch {
    return {};
  }
}

/** The server names these fields in its messages. */
function withField(error: ApiError): ApiError {
  const known: [RegExp, string][] = [[/release tag|^release already exists/, 'releaseTags'], [/artifact/, 'artifactIds'], [/blueprint/, 'blueprintId'], [/tag/, 'deviceTagIds']];
  const field = error.field ?? known.find(([pattern]) => pattern.test(error.message))?.[1];
  return new ApiError(error.status, error.message, field, error.details, error.retryAfterS);
}

export default function Page() {
  const { project, api, page, may } = useProject();
  const [, navigate] = useLocation();
  const [search] = useSearchParams();
  const artifactList = useArtifacts();
  const artifacts = artifactList.data ?? [];
  const blueprintList = useBlueprints().data ?? [], tagList = useTags().data ?? [];
  const blueprints = useById(blueprintList);
  const [previewPage, setPreviewPage] = useState(0);
  const [refusal, setRefusal] = useState<ApiError>();
  const create = useChange<Release>('release', 'rollout', 'overview');
  const asked = search.get('artifact');
  const form = useForm<Values>({
    initialValues: { ...empty, ...readDraft(project), ...(asked ? { artifactIds: [asked] } : {}) },
    validate: {
      artifactIds: (ids) => (ids.length === 0 ? 'Choose at least one artifact.' : null),
      releaseTags: (labels) => (labels.some((label) => new TextEncoder().encode(label).length > LABEL_MAX) ? `At most ${LABEL_MAX} bytes each.` : null),
    },
    onValuesChange: (values) => sessionStorage.setItem(draftKey(project), JSON.stringify(values)),
  });
  const values = form.getValues();

  // What a draft names may be gone; with one package there is nothing to choose.
  useEffect(() => {
    if (!artifactList.data) return;
    const there = values.artifactIds.filter((id) => artifactList.data.some((a) => a.id === id));
    const packages = packagesOf(artifactList.data);
    if (there.length === 0 && packages.length === 1) {
      const newest = artifactList.data.reduce((best, a) => (a.createdAt > best.createdAt ? a : best));
      form.setFieldValue('artifactIds', [newest.id]);
    } else if (there.length !== values.artifactIds.length) form.setFieldValue('artifactIds', there);
  }, [artifactList.data]);

  const [request] = useDebouncedValue({ artifactIds: values.artifactIds, blueprintId: values.blueprintId, deviceTagIds: values.deviceTagIds }, 250);
  const requestText = JSON.stringify(request);
  useEffect(() => setPreviewPage(0), [requestText]);

  const send = (force: boolean) => {
    create.mutate({ method: 'POST', path: api('releases'), body: { ...form.getValues(), ...(force ? { force } : {}) } }, {
      onSuccess: (release) => {
        sessionStorage.removeItem(draftKey(project));
        tellDone(release.rollout ? `${releaseTitle(release)} is being rolled out.` : `${releaseTitle(release)} is made; its rollout is off.`);
        navigate(page(`releases/${release.id}`));
      },
      onError: (error) => {
        setRefusal(undefined);
        if (isIncompatible(error)) setRefusal(error as ApiError);
        else showFormError(form, error instanceof ApiError && error.status < 500 ? withField(error) : error);
      },
    });
  };
  const back = { href: page('releases'), label: 'Releases' };
  if (!may('OPERATE')) {
    return (
      <>
        <PageHead title="New release" back={back} />
        <Alert color="yellow">{whyNot('OPERATE')}</Alert>
      </>
    );
  }
  return (
    <>
      <PageHead title="New release" back={back} help="It says which devices get which versions. Devices get it when its rollout is on; switching that off takes it back." />
      {artifactList.data?.length === 0 ? (
        <Alert color="blue" mb="md" title="There is nothing to release yet">
          <Anchor component={Link} href={page('artifacts/new')}>Upload an artifact</Anchor> first.
        </Alert>
      ) : null}
      <Grid gap="lg">
        <Grid.Col span={{ base: 12, md: 5 }}>
          <Card withBorder>
            <form onSubmit={form.onSubmit(() => send(false))} noValidate aria-label="New release">
              <Stack>
                <ArtifactPicker artifacts={artifacts} blueprints={blueprints} value={values.artifactIds} error={form.errors['artifactIds']}
                  onChange={(ids) => form.setFieldValue('artifactIds', ids)} />
                <Select label="Blueprint" description="Only devices of this blueprint" placeholder="Any" clearable searchable={blueprintList.length > 8}
                  data={blueprintList.map((b) => ({ value: b.id, label: b.name }))} value={values.blueprintId || null} error={form.errors['blueprintId']}
                  onChange={(id) => form.setFieldValue('blueprintId', id ?? '')} />
                <MultiSelect label="Device tags" description="Only devices that have all of these tags" placeholder={values.deviceTagIds.length === 0 ? 'Any' : ''} clearable searchable maxValues={8}
                  data={tagList.map((t) => ({ value: t.id, label: t.name }))} {...form.getInputProps('deviceTagIds')} />
                <TagsInput label="Release tags" description="Names for this release, each used once. Press Enter after each." placeholder={values.releaseTags.length === 0 ? 'for example 2026-summer' : ''} clearable maxTags={8}
                  splitChars={[',']} acceptValueOnBlur {...form.getInputProps('releaseTags')} />
                <Switch label="Start the rollout" description="Devices get it at once. Off: it is made, and waits for its switch." checked={values.rollout}
                  onChange={(event) => form.setFieldValue('rollout', event.currentTarget.checked)} />
                <Group justify="flex-end">
                  <Button variant="default" component={Link} href={page('releases')}>Cancel</Button>
                  <Button type="submit" loading={create.isPending}>{values.rollout ? 'Make it and roll out' : 'Make the release'}</Button>
                </Group>
              </Stack>
            </form>
          </Card>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 7 }}>
          <Stack gap="sm" component="section" aria-label="Who gets it">
            <Title order={2} size="h4">Who gets it</Title>
            <Text size="sm" c="dimmed">Every device that fits the choice, and what would happen to it as things stand now.</Text>
            <PreviewTable request={request} page={previewPage} onPage={setPreviewPage} />
          </Stack>
        </Grid.Col>
      </Grid>
      <ForceQuestion refusal={refusal} busy={create.isPending} onCancel={() => setRefusal(undefined)} onForce={() => send(true)} />
    </>
  );
}
