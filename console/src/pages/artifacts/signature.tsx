// SPDX-License-Identifier: Apache-2.0
// Who signed an artifact; and a signature that was made elsewhere.
import { Badge, Button, Group, Modal, Text, Tooltip } from '@mantine/core';
import { useState } from 'react';
import { useChange } from '../../api/queries';
import { useProject } from '../../api/session';
import type { Artifact } from '../../api/types';
import { askDelete, tellDone, tellError } from '../../components/forms';
import { MessageForm } from '../../components/message-form';
import { Fact } from './facts';

function Signed(props: { signature: NonNullable<Artifact['signature']> }) {
  const { keyId, sequence, floor } = props.signature;
  const words = `Key ${keyId}, sequence number ${sequence}${floor > 0 ? `; devices that run it take nothing below ${floor}` : ''}`;
  return <Tooltip label={words} multiline maw={420}><Badge c="bright" color="green" variant="light" tt="none" tabIndex={0}>by {keyId.slice(0, 8)}</Badge></Tooltip>;
}

export function Signature(props: { artifact: Artifact }) {
  const { api, may } = useProject();
  const [adding, setAdding] = useState(false);
  const change = useChange('artifact');
  const { artifact } = props;
  const path = api(`artifacts/${artifact.id}/signature`);
  const name = `${artifact.package}@${artifact.version}`;
  const send = (signature: string) => change.mutateAsync({ method: 'PUT', path, body: { signature } }).then(() => {
    tellDone(`${name} is signed.`);
    setAdding(false);
  });
  const remove = () => askDelete('the signature', 'Devices that want signatures take the artifact no more.', () =>
    change.mutate({ method: 'DELETE', path }, { onSuccess: () => tellDone('It is unsigned.'), onError: (error) => tellError(error) }));
  return (
    <Fact label="Signature">
      <Group gap={6}>
        {artifact.signature ? <Signed signature={artifact.signature} /> : <Text span c="dimmed">none</Text>}
        {may('OPERATE') ? <Button size="compact-xs" variant="default" onClick={() => setAdding(true)}>{artifact.signature ? 'Replace…' : 'Add…'}</Button> : null}
        {may('OPERATE') && artifact.signature ? <Button size="compact-xs" variant="default" color="red" onClick={remove}>Remove</Button> : null}
      </Group>
      <Modal opened={adding} onClose={() => setAdding(false)} title={`Add a signature to ${name}`}>
        <MessageForm label="Signature" button="Add it" isPending={change.isPending} send={send}
          command={`godwit key sign FILE --package ${artifact.package} --version ${artifact.version} \\\n  --key publisher.pem --output signature.cose`}
          help="It is made where the publisher’s key is, from the very file that was uploaded." />
      </Modal>
    </Fact>
  );
}
