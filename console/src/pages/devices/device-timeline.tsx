// SPDX-License-Identifier: Apache-2.0
// What happened to a device, in one line of time: updates, coming and going,
// its answers to settings, and what people changed.
import { Button, Chip, Group, Skeleton, Stack, Text, Timeline } from '@mantine/core';
import { IconAlertTriangle, IconAdjustments, IconCheck, IconCpu, IconDownload, IconPencil, IconPhoneCall, IconPlugConnected, IconPlugConnectedX, IconPlus, IconRefresh } from '@tabler/icons-react';
import { useMemo, type ReactNode } from 'react';
import { useList } from '../../api/queries';
import type { AuditEntry } from '../../api/schema';
import { useProject } from '../../api/session';
import type { Device, OtaEvent } from '../../api/types';
import { Failure } from '../../components/page';
import { useParamsOf } from '../../components/params';
import type { DeviceTabProps } from './device';
import type { DeviceSettingsPage } from './device-settings';
import { useTokenPages } from './token-pages';
import { eventText, isFailure, settingErrorText } from './words';

type MomentGroup = 'updates' | 'presence' | 'settings' | 'people';
interface Moment {
  key: string;
  time: string;
  group: MomentGroup;
  title: string;
  detail?: string;
  colour: string;
  icon: ReactNode;
}

const groups: [MomentGroup, string][] = [['updates', 'Updates'], ['presence', 'Online and offline'], ['settings', 'Settings'], ['people', 'Changes by people']];
const ICON = 14;

/** After “updated” a device says that it is idle again: that is no news. */
function isNews(event: OtaEvent, index: number, all: OtaEvent[]): boolean {
  const before = all.slice(index + 1).find((other) => other.packageId === event.packageId);
  return !(event.eventType === 'IDLE' && event.message === 'READY' && before?.currentVersion === event.currentVersion && event.currentVersion !== '');
}

function ofEvent(event: OtaEvent): Moment {
  const failed = isFailure(Number(event.status));
  const done = event.message === 'FIRMWARE_UPDATED_SUCCESSFULLY';
  const icon = failed ? <IconAlertTriangle size={ICON} /> : done ? <IconCheck size={ICON} /> : event.eventType === 'DOWNLOADING' ? <IconDownload size={ICON} /> : <IconRefresh size={ICON} />;
  const from = event.currentVersion && event.targetVersion && event.currentVersion !== event.targetVersion ? `It runs ${event.currentVersion}.` : '';
  return {
    key: `ota-${event.id}`, time: event.timestamp ?? '', group: 'updates', title: eventText(event),
    detail: from, colour: failed ? 'red' : done ? 'green' : 'cyan', icon,
  };
}

function ofPresence(device: Device): Moment[] {
  const { lastSeenOnline, lastSeenOffline, profile } = device.metadata;
  const moments: Moment[] = [];
  if (lastSeenOnline) moments.push({ key: 'online', time: lastSeenOnline, group: 'presence', title: 'Came online', colour: 'green', icon: <IconPlugConnected size={ICON} /> });
  if (lastSeenOffline) moments.push({ key: 'offline', time: lastSeenOffline, group: 'presence', title: 'Went offline', colour: 'gray.6', icon: <IconPlugConnectedX size={ICON} /> });
  if (profile) moments.push({ key: 'profile', time: profile.time, group: 'presence', title: 'Said what it is', detail: [profile.board, profile.sdk, profile.runtime].filter(Boolean).join(' · '), colour: 'cyan', icon: <IconCpu size={ICON} /> });
  moments.push({ key: 'created', time: device.createdAt, group: 'people', title: 'Was added', colour: 'gray.6', icon: <IconPlus size={ICON} /> });
  return moments;
}

function ofSettings(page: DeviceSettingsPage | undefined): Moment[] {
  const reported = page?.data?.reported;
  if (!reported?.time) return [];
  const errors = reported.errors.map((e) => `${e.key}: the device ${settingErrorText(e.name)}`).join('; ');
  return [{
    key: 'settings', time: reported.time, group: 'settings', title: errors ? 'Did not take all of its settings' : 'Took its settings', detail: errors,
    colour: errors ? 'red' : 'green', icon: <IconAdjustments size={ICON} />,
  }];
}

function ofAudit(entry: AuditEntry): Moment | null {
  if (entry.action === 'create' || entry.time === null) return null; // "was added" says it
  const members = (entry.after ?? entry.before ?? {}) as Record<string, unknown>;
  const names = Object.keys(members).filter((name) => name !== 'updatedAt');
  const who = entry.actor.name || 'Somebody';
  const called = entry.action === 'call';
  return {
    key: `audit-${entry.id}`, time: entry.time, group: 'people', title: called ? `${who} called ${String(members['method'] ?? 'it')}` : `${who} changed ${names.join(', ') || 'it'}`,
    colour: 'gray.6', icon: called ? <IconPhoneCall size={ICON} /> : <IconPencil size={ICON} />,
  };
}

function dayOf(time: string): string {
  return new Date(time).toLocaleDateString('en-GB', { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
}

function Day(props: { moments: Moment[] }) {
  return (
    <section aria-label={dayOf(props.moments[0]!.time)}>
      <Text size="sm" fw={600} c="dimmed" mb="sm">{dayOf(props.moments[0]!.time)}</Text>
      <Timeline bulletSize={24} lineWidth={2} active={props.moments.length} styles={{ item: { marginTop: 'var(--mantine-spacing-sm)' } }}>
        {props.moments.map((moment) => (
          <Timeline.Item key={moment.key} bullet={moment.icon} color={moment.colour} data-group={moment.group} title={<Text size="sm" className="gw-text">{moment.title}</Text>}>
            {moment.detail ? <Text size="xs" c="dimmed" className="gw-text">{moment.detail}</Text> : null}
            <Text size="xs" c="dimmed"><time dateTime={moment.time}>{new Date(moment.time).toLocaleTimeString('en-GB')}</time></Text>
          </Timeline.Item>
        ))}
      </Timeline>
    </section>
  );
}

function byDay(moments: Moment[]): Moment[][] {
  const days = new Map<string, Moment[]>();
  for (const moment of moments) days.set(dayOf(moment.time), [...(days.get(dayOf(moment.time)) ?? []), moment]);
  return [...days.values()];
}

export function DeviceTimeline(props: DeviceTabProps) {
  const { device } = props;
  const { project, api, may } = useProject();
  const [params, change] = useParamsOf({ show: 'updates,presence,settings,people' });
  const shown = useMemo(() => params.show.split(','), [params.show]);
  const events = useTokenPages<OtaEvent>('otaEvent', api('ota-events'), { deviceId: device.id, limit: 50 });
  const settings = useList<never>('setting', project, api(`devices/${device.id}/settings`));
  const audit = useTokenPages<AuditEntry>('audit', api('audit'), { kind: 'device', objectId: device.id, limit: 50 }, may('ADMIN'));
  const moments = useMemo(() => {
    const all = [
      ...(events.rows ?? []).filter(isNews).map(ofEvent), ...ofPresence(device), ...ofSettings(settings.data as DeviceSettingsPage | undefined),
      ...(audit.rows ?? []).map(ofAudit).filter((m): m is Moment => m !== null),
    ];
    // What is older than the last page of updates comes with the next one.
    const oldest = events.hasNextPage ? (events.rows?.at(-1)?.timestamp ?? '') : '';
    return all.filter((m) => shown.includes(m.group) && m.time >= oldest).sort((a, b) => (a.time < b.time ? 1 : -1));
  }, [events.rows, events.hasNextPage, device, settings.data, audit.rows, shown]);
  if (events.error && !events.rows) return <Failure error={events.error} />;
  if (!events.rows) return <Skeleton h={240} />;
  return (
    <Stack>
      <Chip.Group multiple value={shown} onChange={(next) => change({ show: next.join(',') || 'none' })}>
        <Group gap="xs" role="group" aria-label="Show">
          {groups.filter(([name]) => name !== 'people' || may('ADMIN')).map(([name, label]) => <Chip key={name} value={name} size="xs">{label}</Chip>)}
        </Group>
      </Chip.Group>
      {moments.length === 0 ? <Text c="dimmed" ta="center" py="xl">Nothing to show yet.</Text> : byDay(moments).map((day) => <Day key={day[0]!.key} moments={day} />)}
      {events.hasNextPage ? <Button variant="default" loading={events.isFetchingNextPage} onClick={() => void events.fetchNextPage()}>Show older</Button> : null}
    </Stack>
  );
}
