// SPDX-License-Identifier: Apache-2.0
// A password is judged by its length alone: long ones that can be remembered
// beat short ones with a digit and an exclamation mark.
import { Button, Card, Group, PasswordInput, Progress, Stack, Text, Title } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import { ApiError } from '../../api/client';
import { useChange } from '../../api/queries';
import { useSession } from '../../api/session';
import { showFormError, tellDone } from '../../components/forms';

export const PASSWORD_MIN = 10;
const PASSWORD_GOOD = 16;

export function passwordError(password: string): string | null {
  const missing = PASSWORD_MIN - [...password].length;
  return missing > 0 ? `At least ${PASSWORD_MIN} characters: ${missing} more` : null;
}

export function PasswordStrength(props: { password: string }) {
  const length = [...props.password].length;
  const good = length >= PASSWORD_GOOD;
  const enough = length >= PASSWORD_MIN;
  const text = good ? 'Good.' : enough ? 'Enough. A few words more make it better.' : `At least ${PASSWORD_MIN} characters. A few words are easier to remember than signs.`;
  return (
    <Stack gap={4}>
      <Progress value={Math.min(100, (length / PASSWORD_GOOD) * 100)} color={good ? 'green' : enough ? 'yellow' : 'gray'} size="xs" aria-label="length of the password" />
      <Text size="xs" c="dimmed" role="status">
        {text}
      </Text>
    </Stack>
  );
}

export function PasswordCard(props: { byLink: boolean }) {
  const { session, reload } = useSession();
  const change = useChange('session');
  const [asked, setAsked] = useState(false);
  const asksCurrent = session.account?.hasPassword === true && (asked || !props.byLink);
  const form = useForm({
    initialValues: { currentPassword: '', password: '' },
    validate: { password: passwordError, currentPassword: (value) => (asksCurrent && value === '' ? 'Your password until now' : null) },
  });
  const submit = form.onSubmit((values) =>
    change.mutate(
      { method: 'PATCH', path: 'v1/account', body: asksCurrent ? values : { password: values.password } },
      {
        onSuccess: () => {
          form.reset();
          void reload();
          tellDone('Your password is changed. Other sessions of yours have ended.');
        },
        onError: (error) => {
          // The link's session may be over; the server knows better than the address.
          if (error instanceof ApiError && error.field === 'currentPassword') setAsked(true);
          showFormError(form, error);
        },
      },
    ),
  );
  return (
    <Card withBorder component="section" aria-label="Password">
      <form onSubmit={submit}>
        <Stack>
          <Title order={2} size="h4">
            {session.account?.hasPassword ? 'Change your password' : 'Choose a password'}
          </Title>
          {/* For password managers: whose password this is. */}
          <input type="hidden" autoComplete="username" value={session.account?.email ?? ''} readOnly />
          {asksCurrent ? (
            <PasswordInput label="Current password" autoComplete="current-password" {...form.getInputProps('currentPassword')} />
          ) : null}
          <PasswordInput label="New password" autoComplete="new-password" {...form.getInputProps('password')} />
          <PasswordStrength password={form.values.password} />
          <Group>
            <Button type="submit" loading={change.isPending}>
              Change password
            </Button>
          </Group>
        </Stack>
      </form>
    </Card>
  );
}
