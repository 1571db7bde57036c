// SPDX-License-Identifier: Apache-2.0
// One setting: its value edited as what it is.
import { Button, Group, NumberInput, SegmentedControl, Select, Skeleton, Stack, Switch, Text, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { useChange, useObject } from '../../api/queries';
import type * as server from '../../api/schema';
import { useProject } from '../../api/session';
import { tellDone } from '../../components/forms';
import { Failure } from '../../components/page';
import { showErrorAt, useEditForm } from './editing';
import { BlueprintSelect, DeviceSelect } from './parts';

export type SettingType = 'integer' | 'float' | 'boolean' | 'string';
export type SettingLevel = 'project' | 'blueprint' | 'device';
export type Setting = Omit<server.Setting, 'value'> & { value: number | boolean | string };
interface Values {
  key: string;
  dataType: SettingType;
  number: number | string;
  flag: boolean;
  text: string;
  level: SettingLevel;
  blueprintId: string;
  deviceId: string;
}

/** What a new setting begins with: a device's page sets its device. */
export interface NewSetting {
  level?: SettingLevel;
  deviceId?: string;
  key?: string;
  dataType?: SettingType;
  value?: Setting['value'];
}

function toValues(setting: NewSetting & Partial<Setting>): Values {
  const { value } = setting;
  return {
    key: setting.key ?? '', dataType: setting.dataType ?? 'integer', number: typeof value === 'number' ? value : '', flag: value === true,
    text: typeof value === 'string' ? value : '', level: setting.level ?? 'project', blueprintId: setting.blueprintId ?? '', deviceId: setting.deviceId ?? '',
  };
}

function valueOf(values: Values): Setting['value'] {
  if (values.dataType === 'boolean') return values.flag;
  return values.dataType === 'string' ? values.text : Number(values.number);
}

const types: { value: SettingType; label: string }[] = [
  { value: 'integer', label: 'Whole number' }, { value: 'float', label: 'Number with fraction' }, { value: 'boolean', label: 'Yes or no' }, { value: 'string', label: 'Text' },
];
export function typeText(type: SettingType): string {
  return types.find((t) => t.value === type)?.label ?? type;
}

function ValueInput(props: { form: UseFormReturnType<Values> }) {
  const { form } = props;
  switch (form.getValues().dataType) {
    case 'boolean':
      return <Switch label={form.getValues().flag ? 'Yes' : 'No'} description="Value" {...form.getInputProps('flag', { type: 'checkbox' })} error={form.errors['value']} />;
    case 'string':
      return <TextInput label="Value" {...form.getInputProps('text')} error={form.errors['value']} />;
    default:
      return <NumberInput label="Value" required allowDecimal={form.getValues().dataType === 'float'} {...form.getInputProps('number')} error={form.errors['value'] ?? form.errors['number']} />;
  }
}

/** `id` "": a new one, beginning with `begin`. */
export function SettingForm(props: { id: string; begin?: NewSetting; fixedLevel?: boolean; onClose: () => void }) {
  const { project, api } = useProject();
  const isNew = props.id === '';
  const query = useObject<Setting>('setting', project, api(`settings/${props.id}`), {}, !isNew);
  const { form, etag, readAgain, saved } = useEditForm<Setting, Values>(query, toValues(props.begin ?? {}), toValues, {
    key: (key) => (/^[A-Za-z0-9_-]{1,63}$/.test(key) ? null : 'Letters, digits, _ and -, at most 63'),
    number: (number, values) => (['integer', 'float'].includes(values.dataType) && (number === '' || Number.isNaN(Number(number))) ? 'Enter a number' : null),
    blueprintId: (id, values) => (isNew && values.level === 'blueprint' && id === '' ? 'Choose the blueprint' : null),
    deviceId: (id, values) => (isNew && values.level === 'device' && id === '' ? 'Choose the device' : null),
  });
  const change = useChange<Setting>('setting');
  const values = form.getValues();
  const submit = form.onSubmit(async (sent) => {
    const body = {
      key: sent.key, dataType: sent.dataType, value: valueOf(sent),
      ...(sent.level === 'blueprint' ? { blueprintId: sent.blueprintId } : {}), ...(sent.level === 'device' ? { deviceId: sent.deviceId } : {}),
    };
    try {
      await change.mutateAsync(isNew ? { method: 'POST', path: api('settings'), body } : { method: 'PATCH', path: api(`settings/${props.id}`), body: { dataType: body.dataType, value: body.value }, ifMatch: etag() });
      saved();
      tellDone(`${sent.key} saved; devices are told at once`);
      props.onClose();
    } catch (error) {
      showErrorAt(form, error, isNew ? 'key' : 'value', readAgain);
    }
  });
  if (!isNew && query.error) return <Failure error={query.error} what="This setting" />;
  if (!isNew && query.data === undefined) return <Skeleton h={300} />;
  return (
    <form onSubmit={(event) => void submit(event)} noValidate>
      <Stack>
        <TextInput label="Key" required disabled={!isNew} data-autofocus={isNew || undefined} maxLength={63} description={isNew ? 'As the device’s program calls it; it does not change later.' : ''} classNames={{ input: 'gw-mono' }} {...form.getInputProps('key')} />
        {isNew && !props.fixedLevel ? (
          <div>
            <Text size="sm" fw={500} id="level-label">For</Text>
            <SegmentedControl aria-labelledby="level-label" fullWidth data={[{ value: 'project', label: 'All devices' }, { value: 'blueprint', label: 'A blueprint' }, { value: 'device', label: 'One device' }]} {...form.getInputProps('level')} />
          </div>
        ) : null}
        {isNew && !props.fixedLevel && values.level === 'blueprint' ? <BlueprintSelect label="Blueprint" required {...form.getInputProps('blueprintId')} /> : null}
        {isNew && !props.fixedLevel && values.level === 'device' ? <DeviceSelect label="Device" required placeholder="Search by name" {...form.getInputProps('deviceId')} /> : null}
        <Select label="Type" data={types} allowDeselect={false} description={isNew ? 'The same at every level of one key.' : ''} {...form.getInputProps('dataType')} />
        <ValueInput form={form} />
        <Group justify="flex-end">
          <Button variant="default" onClick={props.onClose}>Cancel</Button>
          <Button type="submit" loading={change.isPending}>{isNew ? 'Set it' : 'Save'}</Button>
        </Group>
      </Stack>
    </form>
  );
}

export function ValueText(props: { setting: { dataType: SettingType; value: Setting['value'] } }) {
  const { value } = props.setting;
  return <span className="gw-mono gw-text">{typeof value === 'string' ? JSON.stringify(value) : String(value)}</span>;
}
