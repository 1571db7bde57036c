// SPDX-License-Identifier: Apache-2.0
// How single values look, the same on every page.
import { ActionIcon, Alert, Badge, Code, CopyButton, Group, Stack, Text, Tooltip } from '@mantine/core';
import { IconCheck, IconCopy, IconArrowDown, IconArrowUp } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import type { DeviceStatus } from '../api/types';

const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000], ['month', 2_592_000], ['week', 604_800], ['day', 86_400], ['hour', 3_600], ['minute', 60], ['second', 1],
];
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

export function timeAgo(time: string, now = Date.now()): string {
  const seconds = Math.round((new Date(time).getTime() - now) / 1000);
  if (Math.abs(seconds) < 5) return 'just now';
  const [unit, size] = units.find(([, length]) => Math.abs(seconds) >= length) ?? ['second', 1];
  return relative.format(Math.round(seconds / size), unit);
}

/** "3 minutes ago", with the exact time in a tooltip. */
export function TimeAgo(props: { time: string | null | undefined; never?: string }) {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), 15_000);
    return () => clearInterval(timer);
  }, []);
  if (!props.time) return <Text span size="sm" c="dimmed">{props.never ?? 'never'}</Text>;
  return (
    <Tooltip label={new Date(props.time).toLocaleString()}>
      <time dateTime={props.time}>{timeAgo(props.time)}</time>
    </Tooltip>
  );
}

export function bytesText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KiB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

export function countText(count: number): string {
  return count.toLocaleString('en');
}

export function DeviceStatusBadge(props: { status: DeviceStatus }) {
  const look = { online: ['green', 'online'], offline: ['gray.6', 'offline'], '-': ['gray.6', 'never seen'] }[props.status] ?? ['gray', props.status];
  return (
    <Badge variant="dot" color={look[0]!} tt="none" miw="max-content">
      {look[1]}
    </Badge>
  );
}

/** Semantic versions, as the server orders them: <0, 0, >0. */
export function compareVersions(a: string, b: string): number {
  const split = (text: string) => {
    const [core = '', pre] = text.split('+')[0]!.split(/-(.*)/s);
    return { numbers: core.split('.').map(Number), pre };
  };
  const left = split(a), right = split(b);
  for (let i = 0; i < 3; i++) {
    const difference = (left.numbers[i] ?? 0) - (right.numbers[i] ?? 0);
    if (difference !== 0) return difference;
  }
  if (left.pre === right.pre) return 0;
  if (left.pre === undefined) return 1;
  if (right.pre === undefined) return -1;
  const l = left.pre.split('.'), r = right.pre.split('.');
  for (let i = 0; i < Math.max(l.length, r.length); i++) {
    const x = l[i], y = r[i];
    if (x === undefined) return -1;
    if (y === undefined) return 1;
    if (x === y) continue;
    const numeric = /^\d+$/;
    if (numeric.test(x) && numeric.test(y)) return Number(x) - Number(y);
    if (numeric.test(x) !== numeric.test(y)) return numeric.test(x) ? -1 : 1;
    return x < y ? -1 : 1;
  }
  return 0;
}

/** A version with an arrow: up or down from the one before. */
export function VersionStep(props: { version: string; before?: string | undefined }) {
  const step = props.before === undefined ? 0 : compareVersions(props.version, props.before);
  return (
    <Group gap={4} wrap="nowrap" display="inline-flex">
      <span className="gw-mono">{props.version}</span>
      {step > 0 ? <IconArrowUp size={14} color="var(--mantine-color-green-text)" aria-label={`up from ${props.before}`} /> : null}
      {step < 0 ? <IconArrowDown size={14} color="var(--mantine-color-orange-text)" aria-label={`down from ${props.before}`} /> : null}
    </Group>
  );
}

export function CopyIcon(props: { value: string; label?: string }) {
  return (
    <CopyButton value={props.value} timeout={1500}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? 'Copied' : (props.label ?? 'Copy')}>
          <ActionIcon variant="subtle" color={copied ? 'green' : 'gray'} onClick={copy} aria-label={props.label ?? 'Copy'}>
            {copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  );
}

/** A secret that is shown this once. */
export function SecretOnce(props: { title: string; values: { label: string; value: string }[] }) {
  return (
    <Alert color="yellow" title={props.title}>
      <Stack gap="xs">
        <Text size="sm">Copy it now: it is not shown again.</Text>
        {props.values.map((item) => (
          <div key={item.label}>
            <Text size="xs" fw={700}>
              {item.label}
            </Text>
            <Group gap="xs" wrap="nowrap">
              <Code block flex={1} style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }} data-secret={item.label}>
                {item.value}
              </Code>
              <CopyIcon value={item.value} label={`Copy ${item.label}`} />
            </Group>
          </div>
        ))}
      </Stack>
    </Alert>
  );
}
