// SPDX-License-Identifier: Apache-2.0
// A signed message made elsewhere, as a file: what `godwit key` wrote.
import { Alert, Button, Code, FileInput, Group, Stack, Text } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { messageOf } from '../api/client';

const FILE_MAX = 408; /* the server takes no more */

async function toBase64(file: File): Promise<string> {
  return btoa(String.fromCharCode(...new Uint8Array(await file.arrayBuffer())));
}

export function MessageForm(props: { help: ReactNode; command: string; label: string; button: string; isPending: boolean; send: (base64: string) => Promise<unknown> }) {
  const [file, setFile] = useState<File | null>(null);
  const [failure, setFailure] = useState('');
  const submit = async () => {
    if (!file) return setFailure('Choose the file.');
    if (file.size === 0 || file.size > FILE_MAX) return setFailure('That is no signed message: it has 1 to 408 bytes.');
    try {
      await props.send(await toBase64(file));
    } catch (error) {
      setFailure(messageOf(error));
    }
  };
  return (
    <form onSubmit={(event) => { event.preventDefault(); void submit(); }}>
      <Stack>
        <Text size="sm">{props.help}</Text>
        <Code block>{props.command}</Code>
        <FileInput label={props.label} placeholder="Choose a file" clearable value={file} onChange={(chosen) => { setFile(chosen); setFailure(''); }} />
        {failure ? <Alert color="red" role="alert">{failure}</Alert> : null}
        <Group justify="flex-end"><Button type="submit" loading={props.isPending}>{props.button}</Button></Group>
      </Stack>
    </form>
  );
}
