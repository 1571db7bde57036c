// SPDX-License-Identifier: Apache-2.0
// A new artifact: choose a file, see what is inside, name it, store it.
import { Alert, Autocomplete, Button, Card, Grid, Group, Progress, Select, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconFile } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { ApiError, upload } from '../../api/client';
import { useProject } from '../../api/session';
import type { Artifact } from '../../api/types';
import { showFormError, tellDone } from '../../components/forms';
import { whyNot } from '../../components/guarded';
import { PageHead } from '../../components/page';
import { bytesText, countText } from '../../components/values';
import { artifactName, useArtifacts, useBlueprints } from './data';
import { DropAnywhere, DropZone, forgetFile, peekFile } from './drop';
import { InspectionView, useInspection } from './inspection';
import { ARTIFACT_MAX_BYTES, findTaken, nextVersion, packageProblem, packagesOf, versionProblem } from './versions';

interface Draft {
  package: string;
  version: string;
  blueprintId: string;
}

/** What was typed outlives a refresh; the file itself a browser does not keep. */
function useDraft(project: string): [Partial<Draft>, (draft: Draft | null) => void] {
  const key = `godwit.draft.artifact.${project}`;
  const [first] = useState<Partial<Draft>>(() => {
    try {
      return JSON.parse(sessionStorage.getItem(key) ?? '{}') as Partial<Draft>;
    } catch {
      return {};
    }
  });
  return [first, (draft) => (draft === null ? sessionStorage.removeItem(key) : sessionStorage.setItem(key, JSON.stringify(draft)))];
}

function fileProblem(file: File): string | undefined {
  if (file.size === 0) return `“${file.name}” is empty.`;
  if (file.size <= ARTIFACT_MAX_BYTES) return undefined;
  return `“${file.name}” has ${bytesText(file.size)}; an artifact has at most ${bytesText(ARTIFACT_MAX_BYTES)}. Nothing was sent.`;
}

/** The server's rules name their field in the message. */
function fieldOf(error: ApiError): ApiError {
  const field = error.field ?? (/^package /.test(error.message) ? 'package' : /^(version |artifact already|\S+@\S+ was deleted)/.test(error.message) ? 'version' : undefined);
  return new ApiError(error.status, error.message, field, error.details, error.retryAfterS);
}

export default function Page() {
  const { project, api, page, may } = useProject();
  const [, navigate] = useLocation();
  const client = useQueryClient();
  const artifacts = useArtifacts();
  const blueprints = useBlueprints();
  const [first] = useState(peekFile);
  const [refused, setRefused] = useState(first ? fileProblem(first) : undefined);
  const [file, setFile] = useState(refused === undefined ? first : null);
  const [binary, setBinary] = useState(false);
  const [share, setShare] = useState<number | null>(null);
  const sending = useRef<AbortController>(undefined);
  const [inspection, inspectAgain] = useInspection(file);
  const [draft, keepDraft] = useDraft(project);
  const chosenVersion = useRef(draft.version !== undefined && draft.version !== '');
  const form = useForm<Draft>({
    initialValues: { package: '', version: '', blueprintId: '', ...draft },
    validate: {
      package: packageProblem,
      version: (version, values) => {
        const taken = findTaken(artifacts.data, values.package, version, values.blueprintId);
        return versionProblem(version) ?? (taken ? `${artifactName(taken)} is there already: what devices may be downloading never changes.` : null);
      },
    },
    validateInputOnChange: true,
    onValuesChange: keepDraft,
  });
  const { setValues, setFieldValue, validateField } = form;

  const take = (next: File) => {
    const problem = fileProblem(next);
    setRefused(problem);
    setBinary(false);
    setFile(problem === undefined ? next : null);
  };
  useEffect(() => {
    forgetFile();
    return () => sending.current?.abort();
  }, []);

  // Suggestions, until somebody types: the package of the newest model, its next version.
  const packages = packagesOf(artifacts.data);
  const { package: name, version } = form.getValues();
  useEffect(() => {
    if (!artifacts.data) return;
    const suggested = name === '' && draft.package === undefined ? newestModel(artifacts.data) : name;
    if (suggested !== name) setFieldValue('package', suggested);
    if (chosenVersion.current) return;
    const next = nextVersion(artifacts.data.filter((a) => a.package === suggested).map((a) => a.version));
    if (next !== version) setValues({ version: next });
  }, [artifacts.data, name]);

  const submit = form.onSubmit(async (values) => {
    if (file === null) return;
    sending.current = new AbortController();
    setShare(0);
    try {
      const query = { ...values, forceBinary: binary ? true : undefined };
      const artifact = await upload<Artifact>(api('artifacts'), file, query, setShare, sending.current.signal);
      keepDraft(null);
      await Promise.all(['artifact', 'overview'].map((kind) => client.invalidateQueries({ queryKey: [kind] })));
      tellDone(`${artifactName(artifact)} is stored.`);
      navigate(page(`artifacts/${artifact.id}`));
    } catch (error) {
      setShare(null);
      if (error instanceof DOMException && error.name === 'AbortError') return;
      if (error instanceof ApiError && (error.status === 413 || error.status === 0)) setRefused(error.message);
      else showFormError(form, error instanceof ApiError ? fieldOf(error) : error);
    }
  });

  const allowed = may('OPERATE');
  const needsBinary = inspection.info !== undefined && (inspection.info.isModel === false || !!inspection.info.problem) && !binary;
  return (
    <>
      <PageHead title="New artifact" back={{ href: page('artifacts'), label: 'Artifacts' }}
        help="An artifact is one version of a model (or of firmware). Storing it changes nothing on devices; a release does." />
      <DropAnywhere onFile={take} enabled={share === null && allowed} />
      {allowed ? null : <Alert color="yellow" mb="md">{whyNot('OPERATE')}</Alert>}
      {file === null ? (
        allowed ? <DropZone onFile={take} problem={refused} /> : null
      ) : (
        <Grid gap="lg">
          <Grid.Col span={{ base: 12, md: 4 }}>
            <Card withBorder>
              <form onSubmit={(event) => void submit(event)} noValidate aria-label="New artifact">
                <Stack>
                  <Group wrap="nowrap" justify="space-between">
                    <Group wrap="nowrap" gap="xs" miw={0}>
                      <IconFile size={22} aria-hidden />
                      <div>
                        <Text fw={600} className="gw-text">{file.name}</Text>
                        <Text size="sm" c="dimmed">{bytesText(file.size)}</Text>
                      </div>
                    </Group>
                    <Button variant="subtle" size="xs" flex="none" onClick={() => setFile(null)} disabled={share !== null}>Another file</Button>
                  </Group>
                  <Autocomplete label="Package" description="What it is a version of" required data={packages} disabled={share !== null} {...form.getInputProps('package')} />
                  <TextInput label="Version" description={versionHelp(artifacts.data, name)} required disabled={share !== null}
                    {...form.getInputProps('version')}
                    onChange={(event) => { chosenVersion.current = true; form.setFieldValue('version', event.currentTarget.value); }} />
                  <Select label="Blueprint" description="Only for devices of this blueprint, or for all" placeholder="All devices" clearable disabled={share !== null}
                    data={(blueprints.data ?? []).map((b) => ({ value: b.id, label: b.name }))}
                    value={form.getValues().blueprintId || null} error={form.errors['blueprintId']}
                    onChange={(id) => { setFieldValue('blueprintId', id ?? ''); validateField('version'); }} />
                  {refused ? <Text c="red" size="sm" role="alert">{refused}</Text> : null}
                  {share === null ? (
                    <>
                      <Button type="submit" loading={inspection.busy} disabled={needsBinary}>Store it</Button>
                      {inspection.failure ? <Button variant="default" onClick={inspectAgain}>Look inside again</Button> : null}
                    </>
                  ) : (
                    <Stack gap="xs">
                      <Progress value={100 * share} aria-label="Uploaded" />
                      <Group justify="space-between">
                        <Text size="sm" role="status">{share < 1 ? `${countText(Math.round(100 * share))} % sent` : 'Being checked'}</Text>
                        <Button size="xs" variant="default" onClick={() => sending.current?.abort()}>Cancel</Button>
                      </Group>
                    </Stack>
                  )}
                </Stack>
              </form>
            </Card>
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 8 }}>
            <InspectionView file={file} state={inspection} binary={binary} onBinary={setBinary} />
          </Grid.Col>
        </Grid>
      )}
    </>
  );
}

function newestModel(artifacts: Artifact[]): string {
  const models = artifacts.filter((a) => a.binaryInfo.type === 'tflite');
  return models.reduce<Artifact | undefined>((best, a) => (best && best.createdAt > a.createdAt ? best : a), undefined)?.package ?? 'model';
}

function versionHelp(artifacts: Artifact[] | undefined, name: string): string {
  const versions = (artifacts ?? []).filter((a) => a.package === name);
  if (versions.length === 0) return 'MAJOR.MINOR.PATCH; the first one of this package';
  return `MAJOR.MINOR.PATCH; ${versions.length} of this package so far, the next one is suggested`;
}
