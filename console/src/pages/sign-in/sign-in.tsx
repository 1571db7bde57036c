// SPDX-License-Identifier: Apache-2.0
import { Button, Card, Center, Group, Image, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useEffect, useState } from 'react';
import { ApiError, messageOf, send } from '../../api/client';
import { useSession } from '../../api/session';
import type { Session } from '../../api/types';

/** E-mail and password, then a code when the account asks for one. */
export function SignInPage() {
  const { session, accept } = useSession();
  const [asksCode, setAsksCode] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState('');
  const form = useForm({ initialValues: { email: '', password: '', code: '' } });
  useEffect(() => {
    document.title = 'Sign in – Godwit';
  }, []);
  const submit = form.onSubmit(async (values) => {
    setBusy(true);
    setFailure('');
    try {
      const body = { email: values.email, password: values.password, ...(asksCode ? { code: values.code } : {}) };
      accept((await send<{ data: Session }>('POST', 'v1/session', { body })).data.data);
    } catch (error) {
      if (error instanceof ApiError && error.details.some((d) => d['reason'] === 'code')) {
        if (asksCode) setFailure(error.message);
        setAsksCode(true);
      } else {
        setFailure(error instanceof ApiError && error.retryAfterS ? `${error.message} (in ${error.retryAfterS} s)` : messageOf(error));
      }
    } finally {
      setBusy(false);
    }
  });
  return (
    <Center mih="90vh" p="md" component="main">
      <Card withBorder w="100%" maw={380} p="xl">
        <form onSubmit={(event) => void submit(event)}>
          <Stack>
            <Group gap="sm">
              <Image src="./godwit.svg" w={36} h={36} alt="" />
              <Title order={1} size="h3">
                Godwit
              </Title>
            </Group>
            {session.needsSetup ? (
              <Text size="sm" c="dimmed">
                Nobody has a password yet. Open the link that <code>godwit server</code> printed when it started.
              </Text>
            ) : null}
            <TextInput label="E-mail" type="email" autoComplete="username" required {...form.getInputProps('email')} />
            <PasswordInput label="Password" autoComplete="current-password" required {...form.getInputProps('password')} />
            {asksCode ? (
              <TextInput label="Code" description="Six digits of your authenticator, or a recovery code" autoComplete="one-time-code"
                inputMode="text" autoFocus required {...form.getInputProps('code')} />
            ) : null}
            {failure ? (
              <Text c="red" size="sm" role="alert">
                {failure}
              </Text>
            ) : null}
            <Button type="submit" loading={busy}>
              Sign in
            </Button>
          </Stack>
        </form>
      </Card>
    </Center>
  );
}
