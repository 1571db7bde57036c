// SPDX-License-Identifier: Apache-2.0
import { Anchor, Card, Group, Stack, Text, Title } from '@mantine/core';
import { Link } from 'wouter';
import { useSession } from '../../api/session';
import { RoleBadge } from '../settings/roles';

export function MembershipsCard() {
  const { session } = useSession();
  return (
    <Card withBorder component="section" aria-label="What you may do">
      <Stack gap="xs">
        <Title order={2} size="h4">What you may do</Title>
        {session.account?.serverAdmin ? <Text size="sm">You administer this server: you may do everything, everywhere.</Text> : null}
        {session.memberships.map((m) => (
          <Group key={`${m.organizationId}/${m.projectId}`} justify="space-between" wrap="nowrap">
            <Text size="sm" className="gw-text">
              {m.organizationName}
              {m.projectId ? <> · project {m.projectId}</> : null}
            </Text>
            <RoleBadge role={m.role} />
          </Group>
        ))}
        {!session.account?.serverAdmin && session.memberships.length === 0 ? (
          <Text size="sm" c="dimmed">You are in no organisation yet. Ask somebody to invite you.</Text>
        ) : null}
        <Anchor component={Link} href="/organizations" size="sm">Organisations and projects</Anchor>
      </Stack>
    </Card>
  );
}
