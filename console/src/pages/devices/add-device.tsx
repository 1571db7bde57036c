// SPDX-License-Identifier: Apache-2.0
// A new device, and the key it connects with, which is shown this once.
import { Alert, Button, Group, Modal, Stack, TagsInput, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { useChange } from '../../api/queries';
import { useProject } from '../../api/session';
import { SecretOnce } from '../../components/values';
import { tellDone } from '../../components/forms';
import { showErrorAt, useDraft } from './editing';
import { BlueprintSelect, TagSelect } from './parts';
import { Snippets } from './snippets';

interface Provisioned {
  id: string;
  name: string;
  deviceId: string;
  identity: string;
  preSharedKey: string;
}
const empty = { name: '', blueprintId: '', tagIds: [] as string[], hardwareIds: [] as string[] };

function DeviceForm(props: { onMade: (made: Provisioned) => void; onClose: () => void }) {
  const { api, page, may } = useProject();
  const [, navigate] = useLocation();
  const form = useForm({ initialValues: empty, validate: { name: (value) => (value.trim() === '' ? 'Give it a name' : null) } });
  const draft = useDraft(form, 'device');
  const change = useChange<Provisioned>('device', 'credential', 'overview', 'rollout');
  const withKey = may('ADMIN');
  const submit = form.onSubmit(async (values) => {
    try {
      const made = await change.mutateAsync({ method: 'POST', path: api(withKey ? 'provisioning' : 'devices'), body: { ...values, name: values.name.trim() } });
      draft.forget();
      if (withKey) return props.onMade(made);
      tellDone(`${values.name} is there; an admin can give it a key now`);
      props.onClose();
      navigate(page(`devices/${made.id}`));
    } catch (error) {
      showErrorAt(form, error, 'name');
    }
  });
  return (
    <form onSubmit={(event) => void submit(event)} noValidate>
      <Stack>
        <TextInput label="Name" description="Unique in the project; it can be changed later." required data-autofocus maxLength={64} {...form.getInputProps('name')} />
        <BlueprintSelect label="Blueprint" description="What hardware it is." {...form.getInputProps('blueprintId')} />
        <TagSelect label="Tags" description="Releases can ask for tags: give it “beta” and try things on it first." {...form.getInputProps('tagIds')} />
        <TagsInput label="Hardware ids" description="Serial numbers and the like, at most four. Press Enter after each." maxTags={4} {...form.getInputProps('hardwareIds')} />
        {withKey ? null : <Alert color="blue" p="xs">It is made without a key: only an admin of the project can make one.</Alert>}
        <Group justify="flex-end">
          <Button variant="default" onClick={props.onClose}>Cancel</Button>
          <Button type="submit" loading={change.isPending}>Add device</Button>
        </Group>
      </Stack>
    </form>
  );
}

function Made(props: { made: Provisioned; onClose: () => void }) {
  const { page } = useProject();
  const [, navigate] = useLocation();
  const { made } = props;
  return (
    <Stack>
      <SecretOnce title={`The key of ${made.name}`} values={[{ label: 'PSK-ID', value: made.identity }, { label: 'PSK', value: made.preSharedKey }]} />
      <Text size="sm">Put both into the device. It shows here as online as soon as it connects.</Text>
      <Snippets name={made.name} identity={made.identity} psk={made.preSharedKey} />
      <Group justify="flex-end">
        <Button variant="default" onClick={props.onClose}>Done</Button>
        <Button onClick={() => { props.onClose(); navigate(page(`devices/${made.deviceId}`)); }}>Open the device</Button>
      </Group>
    </Stack>
  );
}

export function AddDevice(props: { opened: boolean; onClose: () => void }) {
  const [made, setMade] = useState<Provisioned | null>(null);
  const close = () => {
    props.onClose();
    setMade(null);
  };
  // With the key on the screen, a stray click must not close it.
  return (
    <Modal opened={props.opened} onClose={close} size="lg" title={made ? 'Device added' : 'Add a device'} closeOnClickOutside={made === null} closeOnEscape={made === null}>
      {made ? <Made made={{ ...made, name: made.name ?? made.identity }} onClose={close} /> : <DeviceForm onMade={setMade} onClose={close} />}
    </Modal>
  );
}
