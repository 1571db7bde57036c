// SPDX-License-Identifier: Apache-2.0
import { Code, Stack, Text } from '@mantine/core';
import { useEffect, useState } from 'react';
import { bytesText } from '../../components/values';
import { cborToValue } from './cbor';

const SHOWN_MAX = 200_000; /* characters; the rest is in the download */
const HEX_MAX = 2048;

function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = [...bytes.subarray(at, at + 16)];
    const hex = row.map((b) => b.toString(16).padStart(2, '0')).join(' ').padEnd(47);
    const text = row.map((b) => (b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : '.')).join('');
    lines.push(`${at.toString(16).padStart(6, '0')}  ${hex}  ${text}`);
  }
  return lines.join('\n');
}

interface Shown {
  text: string;
  note: string;
}

function pretty(value: unknown): string {
  return JSON.stringify(value, null, 2) ?? String(value);
}

/** Text as it is, JSON and CBOR laid out, other bytes in hex. */
export function showBytes(bytes: ArrayBuffer, type: string): Shown {
  const octets = new Uint8Array(bytes);
  const cut = (text: string): Shown => (text.length <= SHOWN_MAX ? { text, note: '' } : { text: text.slice(0, SHOWN_MAX), note: 'The rest is in the download.' });
  try {
    if (type === 'application/cbor') return cut(pretty(cborToValue(bytes)));
    if (type === 'application/json') return cut(pretty(JSON.parse(new TextDecoder().decode(octets))));
    if (type.startsWith('text/')) return cut(new TextDecoder().decode(octets));
  } catch (error) {
    return { text: hexDump(octets.subarray(0, HEX_MAX)), note: `Shown in hex: ${(error as Error).message}.` };
  }
  const more = octets.length > HEX_MAX ? ` The first ${bytesText(HEX_MAX)} are shown.` : '';
  return { text: hexDump(octets.subarray(0, HEX_MAX)), note: `No known format: shown in hex.${more}` };
}

export function TextView(props: { blob: Blob; type: string }) {
  const [shown, setShown] = useState<Shown | null>(null);
  useEffect(() => {
    let gone = false;
    setShown(null);
    void props.blob.arrayBuffer().then((bytes) => {
      if (!gone) setShown(showBytes(bytes, props.type));
    });
    return () => {
      gone = true;
    };
  }, [props.blob, props.type]);
  return (
    <Stack gap="xs" mih={120}>
      {shown?.note ? <Text size="sm" c="dimmed">{shown.note}</Text> : null}
      <Code block tabIndex={0} mah={480} style={{ overflow: 'auto', unicodeBidi: 'plaintext' }} aria-label="Content">{shown?.text ?? ''}</Code>
    </Stack>
  );
}
