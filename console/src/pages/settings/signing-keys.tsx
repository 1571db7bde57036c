// SPDX-License-Identifier: Apache-2.0
// The keys that devices believe: which they are, since when, and the next set.
import { Badge, Group, Modal, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { useChange, useList } from '../../api/queries';
import { useProject } from '../../api/session';
import type { Keyset, KeysetKey } from '../../api/types';
import { tellDone } from '../../components/forms';
import { GuardedButton } from '../../components/guarded';
import { MessageForm } from '../../components/message-form';
import { DataTable, type Column } from '../../components/table';
import { CopyIcon, TimeAgo } from '../../components/values';

function KeyId(props: { id: string }) {
  return <Group gap={2} wrap="nowrap"><span className="gw-mono">{props.id}</span><CopyIcon value={props.id} label="Copy the key’s id" /></Group>;
}

/** The oldest set since which each has had it; newest first. */
function sinceOf(sets: Keyset[], id: string): Keyset | undefined {
  const without = sets.findIndex((set) => !set.keys.some((key) => key.keyId === id));
  return sets[(without < 0 ? sets.length : without) - 1];
}

const columnsOfKeys = (sets: Keyset[]): Column<KeysetKey>[] => [
  { key: 'id', title: 'Key', render: (key) => <KeyId id={key.keyId} /> },
  { key: 'public', title: 'Public key', render: (key) => <Group gap={2} wrap="nowrap"><span className="gw-mono">{key.publicKey.slice(0, 16)}…</span><CopyIcon value={key.publicKey} label="Copy public key" /></Group> },
  { key: 'since', title: 'Believed since', render: (key) => <TimeAgo time={sinceOf(sets, key.keyId)?.createdAt ?? null} /> },
];
const columnsOfSets: Column<Keyset>[] = [
  { key: 'epoch', title: 'Epoch', render: (set) => set.epoch },
  { key: 'keys', title: 'Keys', render: (set) => <Group gap={6}>{set.keys.map((key) => <Badge key={key.keyId} c="bright" variant="light" tt="none" className="gw-mono">{key.keyId}</Badge>)}</Group> },
  { key: 'by', title: 'Signed by', render: (set) => <span className="gw-mono">{set.signedBy}</span> },
  { key: 'floor', title: 'Nothing below', render: (set) => (set.floor > 0 ? set.floor : '–') },
  { key: 'time', title: 'Handed out', render: (set) => <TimeAgo time={set.createdAt} /> },
];

export function SigningKeys() {
  const { project, api } = useProject();
  const list = useList<Keyset>('keyset', project, api('keysets'), { perPage: 500 });
  const change = useChange<Keyset>('keyset');
  const [adding, setAdding] = useState(false);
  const sets = list.data?.list;
  const send = (keyset: string) => change.mutateAsync({ method: 'POST', path: api('keysets'), body: { keyset } }).then(() => {
    tellDone('Devices take it before their next download.');
    setAdding(false);
  });
  return (
    <Stack>
      <Group justify="space-between" wrap="nowrap">
        <div>
          <Title order={2} size="h4">Signing keys</Title>
          <Text size="sm" c="dimmed">Devices that want signatures take only what one of these keys has signed. The private halves are with the publisher, not here.</Text>
        </div>
        <GuardedButton right="ADMIN" flex="none" onClick={() => setAdding(true)}>Hand out a keyset…</GuardedButton>
      </Group>
      <DataTable label="Signing keys" columns={columnsOfKeys(sets ?? [])} rows={sets && (sets[0]?.keys ?? [])} rowKey={(key) => key.keyId} error={list.error}
        empty="No keyset has been handed out: devices believe the keys that are built into them, and the server takes any signature." />
      <Title order={2} size="h4">Keysets</Title>
      <Text size="sm" c="dimmed">Each is complete and signed by a key of the one before: what is missing in the newest is revoked.</Text>
      <DataTable label="Keysets" columns={columnsOfSets} rows={sets} rowKey={(set) => set.id} error={list.error} empty="None yet." />
      <Modal opened={adding} onClose={() => setAdding(false)} title="Hand out a keyset">
        <MessageForm label="Keyset" button="Hand it out" isPending={change.isPending} send={send}
          command={'godwit key rotate --key publisher.pem --add spare.pub \\\n  --after keyset-1.cose --output keyset-2.cose'}
          help="It is made where the keys are. Devices that have taken it believe nobody else." />
      </Modal>
    </Stack>
  );
}
