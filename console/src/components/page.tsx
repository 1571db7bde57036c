// SPDX-License-Identifier: Apache-2.0
import { Alert, Anchor, Breadcrumbs, Group, Stack, Text, Title } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useEffect, type ReactNode } from 'react';
import { Link } from 'wouter';
import { ApiError, messageOf } from '../api/client';
import { NotFound } from './not-found';

/** Title, way back, actions to the right; the browser's title follows. */
export function PageHead(props: { title: string; help?: ReactNode; back?: { href: string; label: string }; children?: ReactNode }) {
  useEffect(() => {
    document.title = `${props.title} – Godwit`;
  }, [props.title]);
  return (
    <Stack gap={4} mb="md">
      {props.back ? (
        <Breadcrumbs>
          <Anchor component={Link} href={props.back.href} size="sm">
            {props.back.label}
          </Anchor>
          <Text size="sm" className="gw-text" truncate maw={300}>
            {props.title}
          </Text>
        </Breadcrumbs>
      ) : null}
      <Group justify="space-between" align="flex-start">
        <Title order={1} size="h2" className="gw-text">
          {props.title}
        </Title>
        <Group gap="xs">{props.children}</Group>
      </Group>
      {props.help ? (
        <Text c="dimmed" size="sm">
          {props.help}
        </Text>
      ) : null}
    </Stack>
  );
}

/** A failure where content was to be; what is not there says so. */
export function Failure(props: { error: Error | null; what?: string }) {
  if (props.error === null) return null;
  if (props.error instanceof ApiError && props.error.status === 404 && props.what) return <NotFound what={props.what} />;
  return (
    <Alert color="red" icon={<IconAlertTriangle />} role="alert" my="sm">
      {messageOf(props.error)}
    </Alert>
  );
}
