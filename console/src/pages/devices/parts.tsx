// SPDX-License-Identifier: Apache-2.0
// Small things that several pages of the fleet show.
import { ActionIcon, Badge, Button, Group, MultiSelect, Progress, Select, Text, Tooltip, type ActionIconProps, type ButtonProps, type MultiSelectProps, type SelectProps } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useMemo, useState, type ReactNode } from 'react';
import { keepPreviousData, useQueries } from '@tanstack/react-query';
import { getPage, type Page } from '../../api/client';
import { useList } from '../../api/queries';
import { useProgress } from '../../api/live';
import { useProject, type Right } from '../../api/session';
import type { Blueprint, Device, PackageUpdate, Tag } from '../../api/types';
import { isFailure, reasonText, stateText } from './words';

const ALL = { perPage: 1000 };
interface Chosen {
  value?: string;
  onChange?: (id: string) => void;
}

export function useTags() {
  const { project, api } = useProject();
  return useList<Tag>('tag', project, api('tags'), ALL);
}
export function useBlueprints() {
  const { project, api } = useProject();
  return useList<Blueprint>('blueprint', project, api('blueprints'), ALL);
}

const NAMES_AT_ONCE = 50;

/** Names of devices whose ids are shown somewhere. Asked for in the order in
 * which they appear, so that a new one asks for few others again. */
export function useDeviceNames(ids: string[]): Map<string, string> {
  const { project, api } = useProject();
  const groups = useMemo(() => {
    const wanted = [...new Set(ids.filter((id) => id !== ''))];
    return Array.from({ length: Math.ceil(wanted.length / NAMES_AT_ONCE) }, (_, n) => wanted.slice(n * NAMES_AT_ONCE, (n + 1) * NAMES_AT_ONCE));
  }, [ids]);
  return useQueries({
    queries: groups.map((group) => {
      const query = { ids: group, perPage: NAMES_AT_ONCE };
      return { queryKey: ['device', project, api('devices'), query], queryFn: () => getPage<Device>(api('devices'), query), placeholderData: keepPreviousData };
    }),
    combine: namesOf,
  });
}
function namesOf(results: { data: Page<Device> | undefined }[]): Map<string, string> {
  return new Map(results.flatMap((result) => result.data?.list ?? []).map((device) => [device.id, device.name]));
}

const why: Record<Right, string> = {
  VIEW: '',
  OPERATE: 'Your role may look, not change. An operator or admin can do this.',
  ADMIN: 'Only an admin of the project can do this.',
  SERVER: 'Only an admin of the server can do this.',
};

/** Disabled, with the reason, for whom the right is missing. */
export function GuardedButton(props: ButtonProps & { need: Right; onClick?: () => void; children: ReactNode; type?: 'submit' | 'button' }) {
  const { need, onClick, disabled, ...others } = props;
  const allowed = useProject().may(need);
  return (
    <Tooltip label={why[need]} disabled={allowed}>
      <Button {...others} disabled={disabled || !allowed} {...(onClick ? { onClick } : {})} />
    </Tooltip>
  );
}
export function GuardedIcon(props: ActionIconProps & { need: Right; label: string; onClick: () => void; children: ReactNode }) {
  const { need, onClick, label, disabled, ...others } = props;
  const allowed = useProject().may(need);
  return (
    <Tooltip label={allowed ? label : why[need]}>
      <ActionIcon variant="subtle" color="gray" {...others} aria-label={label} disabled={disabled || !allowed} onClick={onClick} />
    </Tooltip>
  );
}

export function TagBadges(props: { ids: string[]; tags: Tag[] | undefined; most?: number }) {
  const most = props.most ?? 3;
  const names = props.ids.map((id) => props.tags?.find((tag) => tag.id === id)?.name ?? '…');
  if (names.length === 0) return <Text span size="sm" c="dimmed">–</Text>;
  return (
    <Group gap={4}>
      {names.slice(0, most).map((name, index) => (
        <Badge key={index} variant="light" color="gray" tt="none" maw={140} className="gw-text">{name}</Badge>
      ))}
      {names.length > most ? (
        <Tooltip label={names.slice(most).join(', ')}>
          <Badge variant="outline" color="gray">+{names.length - most}</Badge>
        </Tooltip>
      ) : null}
    </Group>
  );
}

/** "model 1.0.0", and where it is going to while it is. */
export function PackageLine(props: { deviceId: string; name: string; update: PackageUpdate }) {
  const { deviceId, name, update } = props;
  const progress = useProgress(deviceId, name);
  const failed = isFailure(update.reasonCode);
  const busy = update.state !== 'IDLE' || progress !== undefined;
  return (
    <div data-package={name}>
      <Group gap={6} wrap="nowrap">
        <Text span size="sm" className="gw-text">{name}</Text>
        <Text span size="sm" className="gw-mono">{update.version || 'none'}</Text>
        {failed ? (
          <Tooltip label={`${update.target ? `${update.target}: ` : ''}${reasonText(update.reason)}`}>
            <Badge size="xs" color="red" variant="light" tt="none" tabIndex={0}>failed</Badge>
          </Tooltip>
        ) : null}
      </Group>
      {busy && !failed ? <PackageBusy deviceId={deviceId} name={name} update={update} /> : null}
    </div>
  );
}

export function PackageBusy(props: { deviceId: string; name: string; update: PackageUpdate }) {
  const progress = useProgress(props.deviceId, props.name);
  const target = progress?.version ?? props.update.target;
  const state = progress ? 'downloading' : stateText(props.update.state);
  return (
    <>
      <Text size="xs" c="dimmed">
        {state} {target}{progress ? ` · ${Math.floor(progress.percent)} %` : ''}
      </Text>
      {progress ? <Progress size="xs" value={progress.percent} aria-label={`Download of ${props.name} ${target}`} /> : null}
    </>
  );
}

/** Tags by name; takes what MultiSelect takes. */
export function TagSelect(props: Omit<MultiSelectProps, 'data'>) {
  const tags = useTags();
  const { placeholder, ...others } = props;
  const data = (tags.data?.list ?? []).map((tag) => ({ value: tag.id, label: tag.name }));
  const hint = placeholder ?? (data.length === 0 ? 'No tags yet' : 'None');
  return <MultiSelect data={data} placeholder={(props.value ?? []).length === 0 ? hint : ''} searchable clearable nothingFoundMessage="No such tag" {...others} />;
}

/** A blueprint by name, "" for none. */
export function BlueprintSelect(props: Omit<SelectProps, 'data' | 'onChange' | 'value'> & Chosen) {
  const blueprints = useBlueprints();
  const { value, onChange, placeholder, ...others } = props;
  const data = (blueprints.data?.list ?? []).map((blueprint) => ({ value: blueprint.id, label: blueprint.name }));
  return (
    <Select data={data} value={value || null} onChange={(next) => onChange?.(next ?? '')} placeholder={placeholder ?? (data.length === 0 ? 'No blueprints yet' : 'None')}
      searchable clearable nothingFoundMessage="No such blueprint" {...others} />
  );
}

/** One device by its name, searched for on the server; "" for none. */
export function DeviceSelect(props: Omit<SelectProps, 'data' | 'onChange' | 'value'> & Chosen & { hideLabel?: boolean }) {
  const { project, api } = useProject();
  const { value = '', onChange, label, hideLabel, ...others } = props;
  const named = hideLabel ? { 'aria-label': String(label) } : { label };
  const [search, setSearch] = useState('');
  const [term] = useDebouncedValue(search, 250);
  const chosen = useDeviceNames(useMemo(() => [value], [value])).get(value);
  // The box shows the chosen one's name: that is not a search.
  const found = useList<Device>('device', project, api('devices'), { term: term === chosen ? '' : term, perPage: 20 });
  const data = (found.data?.list ?? []).map((device) => ({ value: device.id, label: device.name }));
  if (value && !data.some((item) => item.value === value)) data.unshift({ value, label: chosen ?? '…' });
  return (
    <Select data={data} value={value || null} onChange={(next) => onChange?.(next ?? '')} searchable clearable filter={({ options }) => options} onSearchChange={setSearch}
      placeholder="Any device" nothingFoundMessage="No such device" {...named} {...others} />
  );
}
