// SPDX-License-Identifier: Apache-2.0
// The first thing after a first administrator's or an invitation's link.
import { Button, Card, Center, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useEffect } from 'react';
import { useLocation } from 'wouter';
import { useChange } from '../../api/queries';
import { useSession } from '../../api/session';
import { showFormError } from '../../components/forms';
import { passwordError, PasswordStrength } from './password';

export function Welcome() {
  const { session, reload } = useSession();
  const [, navigate] = useLocation();
  const change = useChange('session');
  const form = useForm({
    initialValues: { name: session.account?.name ?? '', email: session.account?.email ?? '', password: '' },
    validate: { password: passwordError },
  });
  useEffect(() => {
    document.title = 'Welcome – Godwit';
  }, []);
  const submit = form.onSubmit((values) => {
    const body = { name: values.name.trim(), email: values.email.trim(), password: values.password };
    change.mutate({ method: 'PATCH', path: 'v1/account', body }, {
      onSuccess: () => {
        void reload();
        navigate('/', { replace: true });
      },
      onError: (error) => showFormError(form, error),
    });
  });
  return (
    <Center py="xl">
      <Card withBorder w="100%" maw={440} p="xl">
        <form onSubmit={submit}>
          <Stack>
            <Title order={1} size="h3">Welcome to Godwit</Title>
            <Text size="sm" c="dimmed">
              The link that brought you here works once. With an e-mail and a password you can come back.
            </Text>
            <TextInput label="Your name" autoComplete="name" {...form.getInputProps('name')} />
            <TextInput label="E-mail" description="What you sign in with; nothing is sent there" type="email" required autoComplete="username" {...form.getInputProps('email')} />
            <PasswordInput label="Password" required autoComplete="new-password" {...form.getInputProps('password')} />
            <PasswordStrength password={form.values.password} />
            <Button type="submit" loading={change.isPending}>Save and go on</Button>
          </Stack>
        </form>
      </Card>
    </Center>
  );
}
