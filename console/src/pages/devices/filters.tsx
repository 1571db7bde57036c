// SPDX-License-Identifier: Apache-2.0
// What the device list can be narrowed to; all of it stands in the address.
import { Button, Group, Select, TextInput, type SelectProps } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconFilter, IconSearch, IconX } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import type { Query } from '../../api/client';
import { useObject } from '../../api/queries';
import { useProject } from '../../api/session';
import type { Overview } from '../../api/types';
import { BlueprintSelect, TagSelect } from './parts';

export const deviceDefaults = { term: '', status: '', tags: '', blueprintId: '', version: '', enabled: '', sort: '', order: '', page: '0', perPage: '50' };
export type DeviceParams = typeof deviceDefaults;

export function isFiltered(params: DeviceParams): boolean {
  return [params.term, params.status, params.tags, params.blueprintId, params.version, params.enabled].some((value) => value !== '');
}
export function toQuery(params: DeviceParams): Query {
  const { term, status, tags, blueprintId, version, enabled, sort, order } = params;
  return { term, status, tags, blueprintId, version, enabled, sort, order };
}

/** A search box that waits for a pause in typing. */
export function SearchBox(props: { label: string; value: string; onChange: (value: string) => void; placeholder?: string; w?: SelectProps['w']; size?: string }) {
  const [text, setText] = useState(props.value);
  const send = useDebouncedCallback(props.onChange, 300);
  useEffect(() => setText(props.value), [props.value]);
  return (
    <TextInput aria-label={props.label} placeholder={props.placeholder ?? props.label} leftSection={<IconSearch size={16} />} value={text} size={props.size ?? 'sm'}
      {...(props.w === undefined ? {} : { w: props.w })} maxLength={64} type="search"
      onChange={(event) => {
        setText(event.currentTarget.value);
        send(event.currentTarget.value);
      }} />
  );
}

function VersionSelect(props: { value: string; onChange: (value: string) => void }) {
  const { project, api } = useProject();
  const overview = useObject<Overview>('overview', project, api('overview'));
  const data = (overview.data?.data.packages ?? []).flatMap((item) => item.versions.map((v) => `${item.package}@${v.version}`));
  if (props.value && !data.includes(props.value)) data.push(props.value);
  return <Select aria-label="Version" placeholder="Any version" data={[...new Set(data)]} value={props.value || null} onChange={(value) => props.onChange(value ?? '')} searchable clearable w={{ base: '100%', xs: 150 }} nothingFoundMessage="No device runs it" />;
}

export function DeviceFilters(props: { params: DeviceParams; change: (changes: Partial<DeviceParams>) => void }) {
  const { params, change } = props;
  const [open, setOpen] = useState(false);
  const width = { base: '100%', xs: 150 };
  const count = [params.status, params.tags, params.blueprintId, params.version, params.enabled].filter((value) => value !== '').length;
  return (
    <Group gap="xs" mb="sm" role="search" aria-label="Filter devices">
      <SearchBox label="Search by name" value={params.term} onChange={(term) => change({ term })} w={{ base: '100%', xs: 200 }} />
      <Button hiddenFrom="xs" variant="default" leftSection={<IconFilter size={16} />} onClick={() => setOpen(!open)} aria-expanded={open}>{count === 0 ? 'Filters' : `Filters (${count})`}</Button>
      <Group gap="xs" display={{ base: open ? 'flex' : 'none', xs: 'flex' }}>
        <Select aria-label="Status" placeholder="Any status" data={[{ value: 'online', label: 'Online' }, { value: 'offline', label: 'Offline' }]} value={params.status || null} clearable
        onChange={(status) => change({ status: status ?? '' })} w={{ base: '100%', xs: 130 }} />
        <TagSelect aria-label="Tags" placeholder="Any tags" value={params.tags ? params.tags.split(',') : []} onChange={(tags) => change({ tags: tags.join(',') })} w={width} />
        <BlueprintSelect aria-label="Blueprint" placeholder="Any blueprint" value={params.blueprintId} onChange={(blueprintId) => change({ blueprintId })} w={width} />
        <VersionSelect value={params.version} onChange={(version) => change({ version })} />
        <Select aria-label="Enabled" placeholder="Enabled?" data={[{ value: 'true', label: 'Enabled' }, { value: 'false', label: 'Disabled' }]} value={params.enabled || null} clearable
        onChange={(enabled) => change({ enabled: enabled ?? '' })} w={{ base: '100%', xs: 130 }} />
      </Group>
      {isFiltered(params) ? (
        <Button variant="subtle" color="gray" leftSection={<IconX size={16} />} onClick={() => change({ term: '', status: '', tags: '', blueprintId: '', version: '', enabled: '' })}>Clear</Button>
      ) : null}
    </Group>
  );
}
