// SPDX-License-Identifier: Apache-2.0
// What a file is called as an artifact, and its way to the server.
import { Autocomplete, Button, Card, Group, Progress, Select, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconFile } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { ApiError, upload } from '../../api/client';
import { useProject } from '../../api/session';
import type { Artifact } from '../../api/types';
import { showFormError, tellDone } from '../../components/forms';
import { bytesText, countText } from '../../components/values';
import { artifactName, useArtifacts, useBlueprints } from './data';
import { findTaken, nextVersion, packageProblem, packagesOf, versionProblem } from './versions';

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

/** The server's rules name their field in the message. */
function withField(error: ApiError): ApiError {
  const known: [RegExp, string][] = [[/^package /, 'package'], [/^(version |artifact already|\S+@\S+ was deleted)/, 'version']];
  const field = error.field ?? known.find(([pattern]) => pattern.test(error.message))?.[1];
  return new ApiError(error.status, error.message, field, error.details, error.retryAfterS);
}

function newestModel(artifacts: Artifact[]): string {
  const models = artifacts.filter((a) => a.binaryInfo.type === 'tflite');
  return models.reduce<Artifact | undefined>((best, a) => (best && best.createdAt > a.createdAt ? best : a), undefined)?.package ?? 'model';
}

function versionHelp(artifacts: Artifact[] | undefined, name: string): string {
  const count = (artifacts ?? []).filter((a) => a.package === name).length;
  if (count === 0) return 'MAJOR.MINOR.PATCH; the first one of this package';
  return `MAJOR.MINOR.PATCH; ${count} of this package so far, the next one is suggested`;
}

/** Sends the file; says how far it is, and can be told to stop. */
function useSending() {
  const { api } = useProject();
  const [share, setShare] = useState<number | null>(null);
  const controller = useRef<AbortController>(undefined);
  useEffect(() => () => controller.current?.abort(), []);
  const send = async (file: File, query: Record<string, string | boolean | undefined>) => {
    controller.current = new AbortController();
    setShare(0);
    try {
      return await upload<Artifact>(api('artifacts'), file, query, setShare, controller.current.signal);
    } finally {
      setShare(null);
    }
  };
  return { share, send, cancel: () => controller.current?.abort() };
}

function Sending(props: { share: number; onCancel: () => void }) {
  return (
    <Stack gap="xs">
      <Progress value={100 * props.share} aria-label="Uploaded" />
      <Group justify="space-between">
        <Text size="sm" role="status">{props.share < 1 ? `${countText(Math.round(100 * props.share))} % sent` : 'Being checked'}</Text>
        <Button size="xs" variant="default" onClick={props.onCancel}>Cancel</Button>
      </Group>
    </Stack>
  );
}

interface UploadFormProps {
  file: File;
  binary: boolean;
  /** Looking inside is not over yet. */
  busy: boolean;
  /** It is no model, and nobody has said to store it all the same. */
  blocked: boolean;
  onAnother: () => void;
  onSending: (sending: boolean) => void;
  /** When the look inside failed: another try. */
  onInspect?: (() => void) | undefined;
}

export function UploadForm(props: UploadFormProps) {
  const { file } = props;
  const { project, page } = useProject();
  const [, navigate] = useLocation();
  const client = useQueryClient();
  const artifacts = useArtifacts().data;
  const blueprints = useBlueprints().data ?? [];
  const { share, send, cancel } = useSending();
  const [refused, setRefused] = useState<string>();
  const [draft, keepDraft] = useDraft(project);
  const chosenVersion = useRef(draft.version !== undefined && draft.version !== '');
  const form = useForm<Draft>({
    initialValues: { package: '', version: '', blueprintId: '', ...draft },
    validate: {
      package: packageProblem,
      version: (version, values) => {
        const taken = findTaken(artifacts, values.package, version, values.blueprintId);
        return versionProblem(version) ?? (taken ? `${artifactName(taken)} is there already: what devices may be downloading never changes.` : null);
      },
    },
    validateInputOnChange: true,
    onValuesChange: keepDraft,
  });
  const { package: name, version, blueprintId } = form.getValues();

  // Suggestions, until somebody types: the package of the newest model, its next version.
  useEffect(() => {
    if (!artifacts) return;
    const suggested = name === '' && draft.package === undefined ? newestModel(artifacts) : name;
    if (suggested !== name) form.setFieldValue('package', suggested);
    if (chosenVersion.current) return;
    const next = nextVersion(artifacts.filter((a) => a.package === suggested).map((a) => a.version));
    if (next !== version) form.setValues({ version: next });
  }, [artifacts, name]);

  const sending = share !== null;
  useEffect(() => props.onSending(sending), [sending]);
  const submit = form.onSubmit(async (values) => {
    setRefused(undefined);
    try {
      const artifact = await send(file, { ...values, forceBinary: props.binary ? true : undefined });
      keepDraft(null);
      await Promise.all(['artifact', 'overview'].map((kind) => client.invalidateQueries({ queryKey: [kind] })));
      tellDone(`${artifactName(artifact)} is stored.`);
      navigate(page(`artifacts/${artifact.id}`));
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') return;
      if (error instanceof ApiError && (error.status === 413 || error.status === 0)) setRefused(error.message);
      else showFormError(form, error instanceof ApiError ? withField(error) : error);
    }
  });
  return (
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
            <Button variant="subtle" size="xs" flex="none" onClick={props.onAnother} disabled={sending}>Another file</Button>
          </Group>
          <Autocomplete label="Package" description="What it is a version of" required data={packagesOf(artifacts)} disabled={sending} {...form.getInputProps('package')} />
          <TextInput label="Version" description={versionHelp(artifacts, name)} required disabled={sending} {...form.getInputProps('version')}
            onChange={(event) => { chosenVersion.current = true; form.setFieldValue('version', event.currentTarget.value); }} />
          <Select label="Blueprint" description="Only for devices of this blueprint, or for all" placeholder="All devices" clearable disabled={sending}
            data={blueprints.map((b) => ({ value: b.id, label: b.name }))} value={blueprintId || null} error={form.errors['blueprintId']}
            onChange={(id) => { form.setFieldValue('blueprintId', id ?? ''); form.validateField('version'); }} />
          {refused ? <Text c="red" size="sm" role="alert">{refused}</Text> : null}
          {sending ? <Sending share={share} onCancel={cancel} /> : (
            <>
              <Button type="submit" loading={props.busy} disabled={props.blocked}>Store it</Button>
              {props.onInspect ? <Button variant="default" onClick={props.onInspect}>Look inside again</Button> : null}
            </>
          )}
        </Stack>
      </form>
    </Card>
  );
}
