// SPDX-License-Identifier: Apache-2.0
import { Alert, Button, Code, Group, Modal, NumberInput, Progress, Stack, Text } from '@mantine/core';
import { useRef, useState } from 'react';
import { messageOf } from '../../api/client';
import { useList } from '../../api/queries';
import { useProject } from '../../api/session';
import type { Capture } from '../../api/types';
import { tellDone } from '../../components/forms';
import { saveBlob } from '../../components/save';
import { bytesText, countText } from '../../components/values';
import { fetchArchive, type Received } from './archive';
import { isFiltered, queryOf, type CaptureFilter } from './data';

const parts = ['training', 'validation', 'testing'] as const;

function Split(props: { split: number[]; onChange: (split: number[]) => void }) {
  const sum = props.split.reduce((a, b) => a + b, 0);
  return (
    <>
      <Group grow>
        {parts.map((part, index) => (
          <NumberInput key={part} label={`For ${part}`} suffix=" %" min={0} max={100} allowDecimal={false} value={props.split[index] ?? 0}
            error={sum !== 100 && index === 2} onChange={(value) => props.onChange(props.split.map((old, i) => (i === index ? Number(value) || 0 : old)))} />
        ))}
      </Group>
      <Text size="xs" c={sum === 100 ? 'dimmed' : 'red'} role={sum === 100 ? undefined : 'alert'}>
        {sum === 100 ? 'Of the devices, not of the files: a device is in one part with all it sent, so that no voice is on both sides.' : `The three make ${sum} %, not 100 %.`}
      </Text>
    </>
  );
}

/** Labelled captures as a dataset, a folder for each label. */
export function ExportModal(props: { opened: boolean; onClose: () => void; filter: CaptureFilter }) {
  const { project, api } = useProject();
  const [split, setSplit] = useState([80, 10, 10]);
  const [received, setReceived] = useState<Received | null>(null);
  const [failure, setFailure] = useState('');
  const abort = useRef<AbortController | null>(null);
  // The export knows labelled captures only; "needs a label" would find none.
  const { labelled: _labelled, ...query } = queryOf(props.filter);
  const count = useList<Capture>('capture', project, api('captures'), { ...query, labelled: true, perPage: 1 }, props.opened);
  const total = count.data?.total;
  const good = split.reduce((a, b) => a + b, 0) === 100;

  const start = async () => {
    abort.current = new AbortController();
    setFailure('');
    setReceived({ files: 0, bytes: 0, total: total ?? 0 });
    try {
      const archive = await fetchArchive(api('captures/export'), { ...query, split: split.join(',') }, setReceived, abort.current.signal);
      saveBlob(`${project}-captures.tar`, archive);
      tellDone(`The archive is whole: ${bytesText(archive.size)}.`);
      props.onClose();
    } catch (error) {
      if (!abort.current.signal.aborted) setFailure(messageOf(error));
    }
    setReceived(null);
  };
  const close = () => {
    abort.current?.abort();
    props.onClose();
  };
  return (
    <Modal opened={props.opened} onClose={close} title="Export labelled captures" size="lg">
      <Stack>
        <Text size="sm" role="status">
          {total === undefined ? 'Counting…' : total === 0 ? 'No capture that fits has a label yet.' : `${countText(total)} labelled ${total === 1 ? 'capture' : 'captures'}${isFiltered(props.filter) ? ' that fit the filter' : ''}.`}
        </Text>
        <Text size="sm">
          A tar archive with a folder for each label, in the layout of Speech Commands, which TensorFlow’s tools read as it is; <Code>manifest.jsonl</Code> in it says
          all that is known of each file. Unpack it and train: <Code>./dev train --data captures</Code>
        </Text>
        <Split split={split} onChange={setSplit} />
        {received ? (
          <div>
            <Progress value={received.total > 0 ? Math.min(100, (received.files / received.total) * 100) : 100} animated aria-label="export" />
            <Text size="xs" c="dimmed" role="status">{countText(Math.min(received.files, received.total))} of {countText(received.total)} · {bytesText(received.bytes)}</Text>
          </div>
        ) : null}
        {failure ? <Alert color="red" role="alert">{failure}</Alert> : null}
        <Text size="xs" c="dimmed">From a shell: <Code>godwit capture export --output captures</Code></Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>{received ? 'Cancel' : 'Close'}</Button>
          <Button onClick={() => void start()} loading={received !== null} disabled={!good || !total}>Download</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
