// SPDX-License-Identifier: Apache-2.0
import { Alert, Button, FileInput, Group, NumberInput, SegmentedControl, Select, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import { useChange } from '../../api/queries';
import { useProject } from '../../api/session';
import type { Certificate } from '../../api/types';
import { tellDone } from '../../components/forms';
import { saveText } from '../../components/save';
import { showErrorAt } from '../devices/editing';

const FILE_MAX = 16_384; /* the server takes no more */

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

/** A file, or its text pasted; both as what the server wants. */
function usePem() {
  const [file, setFile] = useState<File | null>(null);
  const [text, setText] = useState('');
  const [failure, setFailure] = useState('');
  const read = async (): Promise<string | null> => {
    setFailure('');
    const bytes = file ? new Uint8Array(await file.arrayBuffer()) : new TextEncoder().encode(text.trim());
    if (bytes.length === 0) setFailure('Choose a file or paste the certificate.');
    else if (bytes.length > FILE_MAX) setFailure('That is too long for one certificate: at most 16 KiB.');
    else if (!file && !text.includes('BEGIN CERTIFICATE')) setFailure('It should begin with -----BEGIN CERTIFICATE-----.');
    else return toBase64(bytes);
    return null;
  };
  return { file, setFile, text, setText, failure, setFailure, read };
}

function PemFields(props: { pem: ReturnType<typeof usePem> }) {
  const { pem } = props;
  return (
    <>
      <FileInput label="Certificate" description="One certificate, PEM or DER; never a private key" placeholder="Choose a file" accept=".pem,.crt,.cer,.der" clearable
        value={pem.file} onChange={pem.setFile} error={pem.file ? pem.failure : undefined} />
      {pem.file ? null : (
        <Textarea aria-label="Or paste it" placeholder="-----BEGIN CERTIFICATE-----" autosize minRows={4} maxRows={10} value={pem.text} onChange={(event) => pem.setText(event.currentTarget.value)} error={pem.failure}
          styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }} />
      )}
    </>
  );
}

export function UploadForm(props: { onDone: () => void }) {
  const { api } = useProject();
  const pem = usePem();
  const [type, setType] = useState('root');
  const [warning, setWarning] = useState('');
  const change = useChange<Certificate>('certificate');
  const submit = async () => {
    const certFile = await pem.read();
    if (certFile === null) return;
    change.mutate({ method: 'POST', path: api('certificates'), body: { certFile, certType: type } }, {
      onSuccess: (made) => {
        if (made.warning) return setWarning(made.warning);
        tellDone('Its devices are let in now.');
        return props.onDone();
      },
      onError: (error) => pem.setFailure(error.message),
    });
  };
  if (warning) {
    return (
      <Stack>
        <Alert color="yellow" title="It is trusted, but">{warning}</Alert>
        <Group justify="flex-end"><Button onClick={props.onDone}>Done</Button></Group>
      </Stack>
    );
  }
  return (
    <form onSubmit={(event) => { event.preventDefault(); void submit(); }}>
      <Stack>
        <PemFields pem={pem} />
        <Select label="Type" data={[{ value: 'root', label: 'root' }, { value: 'intermediate', label: 'intermediate' }]} value={type} onChange={(value) => setType(value ?? 'root')} allowDeselect={false} />
        <Group justify="flex-end"><Button type="submit" loading={change.isPending}>Trust it</Button></Group>
      </Stack>
    </form>
  );
}

export function CaForm(props: { onDone: () => void }) {
  const { api } = useProject();
  const change = useChange<Certificate>('certificate');
  const form = useForm({ initialValues: { name: '', days: 3650 as number | string } });
  const submit = form.onSubmit((values) => {
    const body = { ...(values.name.trim() ? { name: values.name.trim() } : {}), ...(values.days ? { days: Number(values.days) } : {}) };
    change.mutate({ method: 'POST', path: api('ca'), body }, {
      onSuccess: (made) => {
        saveText('ca.pem', atob(made.certFile ?? ''));
        tellDone('It is trusted at once. Its certificate is saved as ca.pem.');
        props.onDone();
      },
      onError: (error) => showErrorAt(form, error, 'name'),
    });
  });
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <Text size="sm">The server keeps its key and signs what devices ask for when they renew. The key stands in the database beside the pre-shared keys: a backup holds both.</Text>
        <TextInput label="Name" description="CN of its subject" placeholder="Renewals 2027" data-autofocus {...form.getInputProps('name')} />
        <NumberInput label="Days it holds" min={1} allowDecimal={false} {...form.getInputProps('days')} />
        <Group justify="flex-end"><Button type="submit" loading={change.isPending}>Make it</Button></Group>
      </Stack>
    </form>
  );
}

type By = 'certFile' | 'serialNumber' | 'fingerprint';
export function RevokeForm(props: { onDone: () => void }) {
  const { api } = useProject();
  const pem = usePem();
  const [by, setBy] = useState<By>('certFile');
  const change = useChange('certificate');
  const form = useForm({ initialValues: { serialNumber: '', fingerprint: '' } });
  const submit = async () => {
    const value = by === 'certFile' ? await pem.read() : form.getValues()[by].replace(/[:\s]/g, '');
    if (value === null) return;
    change.mutate({ method: 'POST', path: api('revoked-certificates'), body: { [by]: value } }, {
      onSuccess: () => {
        tellDone('It is revoked. A session of its own has ended.');
        props.onDone();
      },
      onError: (error) => (by === 'certFile' ? pem.setFailure(error.message) : showErrorAt(form, error, by)),
    });
  };
  return (
    <form onSubmit={(event) => { event.preventDefault(); void submit(); }}>
      <Stack>
        <SegmentedControl aria-label="How you know it" value={by} onChange={(value) => setBy(value as By)}
          data={[{ value: 'certFile', label: 'File' }, { value: 'serialNumber', label: 'Serial number' }, { value: 'fingerprint', label: 'Fingerprint' }]} />
        {by === 'certFile' ? <PemFields pem={pem} /> : null}
        {by === 'serialNumber' ? <TextInput label="Serial number" description="In hex" required {...form.getInputProps('serialNumber')} /> : null}
        {by === 'fingerprint' ? <TextInput label="SHA-256 fingerprint" description="64 hex digits. For a certificate that has never been here, give its file or serial number instead." required {...form.getInputProps('fingerprint')} /> : null}
        <Group justify="flex-end"><Button type="submit" color="red" loading={change.isPending}>Revoke</Button></Group>
      </Stack>
    </form>
  );
}
