// SPDX-License-Identifier: Apache-2.0
import { Autocomplete, Button, Group, Popover, RangeSlider, Select, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { IconFilter } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { useList } from '../../api/queries';
import { useProject } from '../../api/session';
import type { Artifact } from '../../api/types';
import { DeviceSelect } from '../devices/parts';
import { filterDefaults, isFiltered, type CaptureFilter } from './data';

const types = ['audio/wav', 'audio/flac', 'audio/ogg', 'audio/mpeg', 'image/jpeg', 'image/png', 'image/gif', 'image/bmp', 'image/x-portable-anymap', 'application/json', 'application/cbor', 'text/plain', 'application/octet-stream'];

interface Props {
  filter: CaptureFilter;
  onChange: (changes: Partial<CaptureFilter>) => void;
  labels: string[];
}

function ModelSelect(props: Props) {
  const { project, api } = useProject();
  const artifacts = useList<Artifact>('artifact', project, api('artifacts'), { perPage: 1000 });
  const models = (artifacts.data?.list ?? []).filter((a) => a.binaryInfo.type === 'tflite').map((a) => `${a.package}@${a.version}`);
  // One whose artifact has been deleted still stands in the address.
  const data = [...new Set([...models, ...(props.filter.model ? [props.filter.model] : [])])];
  return <Select label="Model" data={data} value={props.filter.model || null} onChange={(v) => props.onChange({ model: v ?? '' })} clearable searchable placeholder="Any" nothingFoundMessage="No such model" />;
}

/** Moves at once, asks the server when it is let go. */
function ScoreRange(props: Props) {
  const { filter, onChange } = props;
  const stored: [number, number] = [Number(filter.scoreMin || 0) * 100, Number(filter.scoreMax || 1) * 100];
  const [range, setRange] = useState(stored);
  useEffect(() => setRange(stored), [filter.scoreMin, filter.scoreMax]);
  const text = `Score ${Math.round(range[0])} to ${Math.round(range[1])} %`;
  return (
    <Stack gap={6}>
      <Text size="sm" fw={500}>{text}</Text>
      <RangeSlider min={0} max={100} minRange={0} value={range} onChange={setRange} label={(v) => `${v} %`} thumbFromLabel="Lowest score" thumbToLabel="Highest score" my={8}
        onChangeEnd={([low, high]) => onChange({ scoreMin: low > 0 ? String(low / 100) : '', scoreMax: high < 100 ? String(high / 100) : '' })} />
    </Stack>
  );
}

function labelValue(filter: CaptureFilter): string {
  return filter.label !== '' ? `=${filter.label}` : filter.labelled;
}

function LabelSelect(props: Props) {
  const { filter, onChange, labels } = props;
  const all = [...new Set([...labels, ...(filter.label ? [filter.label] : [])])];
  const data = [
    { group: 'Any label', items: [{ value: 'false', label: 'Needs a label' }, { value: 'true', label: 'Has a label' }] },
    { group: 'This label', items: all.map((label) => ({ value: `=${label}`, label })) },
  ];
  const pick = (value: string | null) => onChange(value?.startsWith('=') ? { label: value.slice(1), labelled: '' } : { label: '', labelled: value ?? '' });
  return <Select aria-label="Label" w={170} size="sm" data={data} value={labelValue(filter) || null} onChange={pick} clearable searchable placeholder="Label: any" />;
}

/** What is typed is asked for when one leaves the box or presses Enter. */
function TextFilter(props: { label: string; value: string; onChange: (value: string) => void; data?: string[]; placeholder?: string }) {
  const [text, setText] = useState(props.value);
  useEffect(() => setText(props.value), [props.value]);
  const commit = (value: string) => {
    if (value.trim() !== props.value) props.onChange(value.trim());
  };
  return (
    <Autocomplete label={props.label} data={props.data ?? []} value={text} onChange={setText} onOptionSubmit={commit} onBlur={() => commit(text)}
      onKeyDown={(event) => event.key === 'Enter' && commit(text)} placeholder={props.placeholder ?? 'Any'} />
  );
}

export function CaptureFilters(props: Props) {
  const { filter, onChange, labels } = props;
  const hidden = (['model', 'scoreMin', 'heard', 'type', 'path', 'start', 'end'] as const).filter((name) => filter[name] !== '').length + (filter.scoreMax && !filter.scoreMin ? 1 : 0);
  return (
    <Group gap="xs" mb="sm">
      <DeviceSelect aria-label="Device" value={filter.device} onChange={(device) => onChange({ device })} w={190} placeholder="Device: any" />
      <LabelSelect {...props} />
      <Popover width={340} position="bottom-start" shadow="md" trapFocus>
        <Popover.Target>
          <Button variant="default" leftSection={<IconFilter size={16} />}>More filters{hidden > 0 ? ` (${hidden})` : ''}</Button>
        </Popover.Target>
        <Popover.Dropdown>
          <Stack gap="sm">
            <ScoreRange {...props} />
            <SimpleGrid cols={2} spacing="sm">
              <TextFilter label="Heard" value={filter.heard} onChange={(heard) => onChange({ heard })} data={labels} />
              <ModelSelect {...props} />
              <Select label="Type" data={types} value={filter.type || null} onChange={(v) => onChange({ type: v ?? '' })} clearable searchable placeholder="Any" />
              <TextFilter label="Path" value={filter.path} onChange={(path) => onChange({ path })} />
              <TextInput label="From" type="datetime-local" value={filter.start} onChange={(event) => onChange({ start: event.currentTarget.value })} />
              <TextInput label="To" type="datetime-local" value={filter.end} onChange={(event) => onChange({ end: event.currentTarget.value })} />
            </SimpleGrid>
          </Stack>
        </Popover.Dropdown>
      </Popover>
      {isFiltered(filter) ? (
        <Button variant="subtle" color="gray" onClick={() => onChange({ ...filterDefaults, perPage: filter.perPage })}>Clear</Button>
      ) : null}
    </Group>
  );
}
