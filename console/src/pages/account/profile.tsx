// SPDX-License-Identifier: Apache-2.0
import { Button, Card, Group, PasswordInput, Stack, TextInput, Title } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useEffect } from 'react';
import { useChange } from '../../api/queries';
import { useSession } from '../../api/session';
import type { Account } from '../../api/types';
import { showFormError, tellDone } from '../../components/forms';

/** Who one is: name and e-mail. The e-mail is what one signs in with, so
 * changing it asks for the password. */
export function ProfileCard(props: { byLink: boolean }) {
  const { session, reload } = useSession();
  const account = session.account as Account;
  const change = useChange('session', 'member');
  const form = useForm({ initialValues: { name: account.name, email: account.email, currentPassword: '' } });
  useEffect(() => {
    if (!form.isDirty()) form.setInitialValues({ name: account.name, email: account.email, currentPassword: '' });
  }, [account.name, account.email]);
  const emailChanges = form.values.email.trim() !== account.email;
  const asksPassword = emailChanges && account.hasPassword && !props.byLink;
  const submit = form.onSubmit((values) => {
    const body = {
      name: values.name.trim(),
      ...(emailChanges ? { email: values.email.trim() } : {}),
      ...(asksPassword ? { currentPassword: values.currentPassword } : {}),
    };
    change.mutate({ method: 'PATCH', path: 'v1/account', body }, {
      onSuccess: () => {
        form.setValues({ currentPassword: '' });
        form.resetDirty();
        void reload();
        tellDone('Saved.');
      },
      onError: (error) => showFormError(form, error),
    });
  });
  return (
    <Card withBorder component="section" aria-label="Profile">
      <form onSubmit={submit}>
        <Stack>
          <Title order={2} size="h4">
            Profile
          </Title>
          <TextInput label="Name" description="What others see in lists and in the audit log" autoComplete="name" {...form.getInputProps('name')} />
          <TextInput label="E-mail" description="What you sign in with; nothing is sent there" type="email" required autoComplete="email" {...form.getInputProps('email')} />
          {asksPassword ? (
            <PasswordInput label="Current password" description="To change the e-mail" required autoComplete="current-password" {...form.getInputProps('currentPassword')} />
          ) : null}
          <Group>
            <Button type="submit" loading={change.isPending} disabled={!form.isDirty()}>
              Save
            </Button>
          </Group>
        </Stack>
      </form>
    </Card>
  );
}
