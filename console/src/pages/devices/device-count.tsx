// SPDX-License-Identifier: Apache-2.0
// How many devices there are of something, as a link to the list of them.
import { Anchor, Text } from '@mantine/core';
import { Link } from 'wouter';
import { useList } from '../../api/queries';
import { useProject } from '../../api/session';
import type { Device } from '../../api/types';
import { countText } from '../../components/values';

export function DeviceCount(props: { filter: { tags: string } | { blueprintId: string } }) {
  const { project, api, page } = useProject();
  const devices = useList<Device>('device', project, api('devices'), { ...props.filter, perPage: 1 });
  const total = devices.data?.total;
  if (total === undefined) return <Text span size="sm" c="dimmed">…</Text>;
  if (total === 0) return <Text span size="sm" c="dimmed">0</Text>;
  const query = new URLSearchParams(props.filter as Record<string, string>).toString();
  return (
    <Anchor component={Link} href={page(`devices?${query}`)} size="sm" aria-label={`${total} devices: show them`}>
      {countText(total)}
    </Anchor>
  );
}
