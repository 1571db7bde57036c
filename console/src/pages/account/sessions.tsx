// SPDX-License-Identifier: Apache-2.0
import { Badge, Button, Card, Group, Stack, Text, Title } from '@mantine/core';
import { IconDeviceDesktop, IconDeviceMobile } from '@tabler/icons-react';
import { useChange, useList } from '../../api/queries';
import type { AccountSession } from '../../api/types';
import { tellDone, tellError } from '../../components/forms';
import { Failure } from '../../components/page';
import { TimeAgo } from '../../components/values';

/** "Firefox on Linux" of a browser's long word; the whole word is in the title. */
export function browserText(userAgent: string): string {
  const browser = [['Edg/', 'Edge'], ['OPR/', 'Opera'], ['Firefox/', 'Firefox'], ['Chrome/', 'Chrome'], ['Safari/', 'Safari']]
    .find(([mark]) => userAgent.includes(mark!))?.[1];
  const system = [['Android', 'Android'], ['iPhone', 'iPhone'], ['iPad', 'iPad'], ['Windows', 'Windows'], ['Mac OS', 'macOS'], ['Linux', 'Linux']]
    .find(([mark]) => userAgent.includes(mark!))?.[1];
  if (!browser) return userAgent.slice(0, 60) || 'An unknown program';
  return system ? `${browser} on ${system}` : browser;
}

function SessionRow(props: { session: AccountSession; onEnd: () => void; busy: boolean }) {
  const { session } = props;
  const Icon = /Android|iPhone|iPad/.test(session.userAgent) ? IconDeviceMobile : IconDeviceDesktop;
  return (
    <Group justify="space-between" wrap="nowrap" data-session={session.id}>
      <Group wrap="nowrap" gap="sm">
        <Icon size={24} aria-hidden />
        <div>
          <Text size="sm" className="gw-text" title={session.userAgent}>
            {browserText(session.userAgent)} {session.current ? <Badge size="xs" tt="none">this one</Badge> : null}
          </Text>
          <Text size="xs" c="dimmed">
            {session.address} · used <TimeAgo time={session.lastUsed} /> · signed in <TimeAgo time={session.createdAt} />
          </Text>
        </div>
      </Group>
      {session.current ? null : (
        <Button size="xs" variant="default" onClick={props.onEnd} loading={props.busy} aria-label={`Sign out ${browserText(session.userAgent)}`}>
          Sign out
        </Button>
      )}
    </Group>
  );
}

export function SessionsCard() {
  const list = useList<AccountSession>('session', '', 'v1/account/sessions', { perPage: 100 });
  const end = useChange('session');
  const others = list.data?.list.filter((s) => !s.current) ?? [];
  const endOne = (id: string) => end.mutateAsync({ method: 'DELETE', path: `v1/account/sessions/${encodeURIComponent(id)}` });
  const endAll = async () => {
    try {
      for (const session of others) await endOne(session.id);
      tellDone('You are signed out everywhere else.');
    } catch (error) {
      tellError(error);
    }
  };
  return (
    <Card withBorder component="section" aria-label="Sessions">
      <Stack>
        <Group justify="space-between">
          <Title order={2} size="h4">Where you are signed in</Title>
          {others.length > 1 ? (
            <Button size="xs" variant="default" onClick={() => void endAll()} loading={end.isPending}>Sign out everywhere else</Button>
          ) : null}
        </Group>
        <Failure error={list.error} />
        {list.data?.list.map((session) => (
          <SessionRow key={session.id} session={session} busy={end.isPending} onEnd={() => void endOne(session.id).catch(tellError)} />
        ))}
      </Stack>
    </Card>
  );
}
