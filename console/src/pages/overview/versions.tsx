// SPDX-License-Identifier: Apache-2.0
// Which share of the devices runs which version, now.
import { Anchor, Box, Group, Progress, Stack, Text, useComputedColorScheme } from '@mantine/core';
import { Link } from 'wouter';
import { useProject } from '../../api/session';
import type { Overview, VersionCounts } from '../../api/types';
import { compareVersions, countText } from '../../components/values';
import { colourOf } from './palette';

function Split(props: { name: string; versions: VersionCounts[]; unknown: number }) {
  const { page } = useProject();
  const scheme = useComputedColorScheme('light');
  const versions = [...props.versions].sort((a, b) => compareVersions(a.version, b.version));
  const total = Math.max(1, versions.reduce((sum, v) => sum + v.count, 0) + props.unknown);
  return (
    <Stack gap={6}>
      <Text fw={600} className="gw-mono">{props.name}</Text>
      <Progress.Root size="lg" aria-hidden>
        {versions.map((v, index) => <Progress.Section key={v.version} value={(100 * v.count) / total} color={colourOf(index, scheme)} withAria={false} />)}
        <Progress.Section value={(100 * props.unknown) / total} color="gray.5" withAria={false} />
      </Progress.Root>
      <Group gap="md">
        {versions.map((v, index) => (
          <Group key={v.version} gap={6} wrap="nowrap">
            <Box w={10} h={10} bg={colourOf(index, scheme)} style={{ borderRadius: 2 }} aria-hidden />
            <Anchor component={Link} size="sm" className="gw-mono" href={`${page('devices')}?version=${encodeURIComponent(`${props.name}@${v.version}`)}`}>
              {v.version}
            </Anchor>
            <Text size="sm">{countText(v.count)}{v.online < v.count ? ` (${countText(v.online)} online)` : ''}</Text>
          </Group>
        ))}
        {props.unknown > 0 ? <Text size="sm" c="dimmed">{countText(props.unknown)} not known</Text> : null}
      </Group>
    </Stack>
  );
}

export function Versions(props: { packages: Overview['packages'] }) {
  return (
    <Stack gap="lg">
      {props.packages.map((each) => <Split key={each.package} name={each.package} versions={each.versions} unknown={each.unknown} />)}
    </Stack>
  );
}
