// SPDX-License-Identifier: Apache-2.0
// E-mail and password, then a code when the account asks for one.
import { Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useEffect, useState } from 'react';
import { ApiError, messageOf, send } from '../../api/client';
import { useSession } from '../../api/session';
import type { Session } from '../../api/types';

/** Seconds until a throttled sign-in may be tried again; counts down by itself. */
function useCountdown(): [number, (seconds: number) => void] {
  const [end, setEnd] = useState(0);
  const [now, setNow] = useState(Date.now());
  const left = Math.max(0, Math.ceil((end - now) / 1000));
  useEffect(() => {
    if (left === 0) return undefined;
    const timer = setTimeout(() => setNow(Date.now()), 250);
    return () => clearTimeout(timer);
  }, [left, now]);
  const start = (seconds: number) => {
    setNow(Date.now());
    setEnd(Date.now() + seconds * 1000);
  };
  return [left, start];
}

function durationText(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

export function SignInForm(props: { email?: string }) {
  const { accept } = useSession();
  const [asksCode, setAsksCode] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState('');
  const [wait, startWait] = useCountdown();
  const form = useForm({ initialValues: { email: props.email ?? '', password: '', code: '' } });

  const fail = (error: unknown) => {
    if (!(error instanceof ApiError)) return setFailure(messageOf(error));
    if (error.details.some((d) => d['reason'] === 'code')) {
      if (asksCode) form.setFieldError('code', 'That code is not right; the next one comes within 30 seconds.');
      return setAsksCode(true);
    }
    if (error.status === 429 && error.retryAfterS) startWait(error.retryAfterS);
    return setFailure(error.status === 429 ? 'Too many attempts.' : error.message);
  };
  const submit = form.onSubmit(async (values) => {
    setBusy(true);
    setFailure('');
    try {
      const body = { email: values.email.trim(), password: values.password, ...(asksCode ? { code: values.code.trim() } : {}) };
      accept((await send<{ data: Session }>('POST', 'v1/session', { body })).data.data);
    } catch (error) {
      fail(error);
    } finally {
      setBusy(false);
    }
  });

  return (
    <form onSubmit={(event) => void submit(event)} aria-label="Sign in">
      <Stack>
        <TextInput label="E-mail" type="email" autoComplete="username" required autoFocus={!props.email} {...form.getInputProps('email')} />
        <PasswordInput label="Password" autoComplete="current-password" required autoFocus={Boolean(props.email)} data-autofocus={props.email ? true : undefined} {...form.getInputProps('password')} />
        {asksCode ? (
          <TextInput label="Code" description="Six digits of your authenticator, or a recovery code" autoComplete="one-time-code"
            autoFocus required {...form.getInputProps('code')} />
        ) : null}
        {failure ? (
          <Text c="red" size="sm" role="alert">
            {failure}
          </Text>
        ) : null}
        <Button type="submit" loading={busy} disabled={wait > 0}>
          {wait > 0 ? `Try again in ${durationText(wait)}` : 'Sign in'}
        </Button>
      </Stack>
    </form>
  );
}
