// SPDX-License-Identifier: Apache-2.0
// Two-step verification: a code of an authenticator app beside the password.
import { Alert, Badge, Button, Card, Code, Group, List, Modal, PasswordInput, PinInput, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import { encode } from 'uqr';
import { ApiError } from '../../api/client';
import { useChange } from '../../api/queries';
import { useSession } from '../../api/session';
import { showFormError, tellDone } from '../../components/forms';
import { CopyIcon } from '../../components/values';
import { saveText } from '../../components/save';

interface Secret {
  secret: string;
  uri: string;
}

/** Drawn here: the secret goes to nobody else. */
function QrCode(props: { text: string }) {
  const code = encode(props.text, { border: 2 });
  const path = code.data.flatMap((row, y) => row.map((on, x) => (on ? `M${x} ${y}h1v1h-1z` : ''))).join('');
  return (
    <svg viewBox={`0 0 ${code.size} ${code.size}`} width={200} height={200} role="img" aria-label="QR code for your authenticator app" shapeRendering="crispEdges">
      <rect width={code.size} height={code.size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}

function SetUp(props: { secret: Secret; onDone: (codes: string[]) => void; onCancel: () => void }) {
  const confirm = useChange<{ recoveryCodes: string[] }>();
  const [code, setCode] = useState('');
  const [failure, setFailure] = useState('');
  const submit = (value: string) => {
    setFailure('');
    confirm.mutate({ method: 'POST', path: 'v1/account/totp/confirm', body: { code: value } }, {
      onSuccess: (answer) => props.onDone(answer.recoveryCodes),
      onError: (error) => {
        const wrong = error instanceof ApiError && error.field === 'code';
        setFailure(wrong ? 'That code is not right. Type the one that the app shows now; if it is refused too, look at the phone’s clock.' : error.message);
        setCode('');
      },
    });
  };
  const spaced = props.secret.secret.replace(/(.{4})(?=.)/g, '$1 ');
  return (
    <Stack>
      <List type="ordered" spacing="md" size="sm">
        <List.Item>
          Scan this with an authenticator app, or type the text into it.
          <Group mt="xs" align="flex-start">
            <QrCode text={props.secret.uri} />
            <Stack gap={4} flex={1} miw={160}>
              <Code block style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }} data-secret="totp">{spaced}</Code>
              <CopyIcon value={props.secret.secret} label="Copy the text" />
            </Stack>
          </Group>
        </List.Item>
        <List.Item>
          Type the six digits that the app shows now.
          <PinInput length={6} type="number" oneTimeCode mt="xs" value={code} onChange={setCode} onComplete={submit} error={failure !== ''}
            aria-label="Code of the app" disabled={confirm.isPending} />
          <Text c="red" size="sm" role="alert" mt={4}>{failure}</Text>
        </List.Item>
      </List>
      <Group justify="flex-end">
        <Button variant="default" onClick={props.onCancel}>Cancel</Button>
        <Button onClick={() => submit(code)} disabled={code.length !== 6} loading={confirm.isPending}>Switch on</Button>
      </Group>
    </Stack>
  );
}

function RecoveryCodes(props: { codes: string[]; onClose: () => void }) {
  const text = props.codes.join('\n');
  return (
    <Stack>
      <Alert color="yellow" title="Keep these ten codes where you will find them">
        Each of them signs you in once when your phone is lost. They are not shown again.
      </Alert>
      <SimpleGrid cols={2} spacing="xs" data-secret="recovery">
        {props.codes.map((code) => <Code key={code} block ta="center">{code}</Code>)}
      </SimpleGrid>
      <Group justify="space-between">
        <Group gap="xs">
          <Button variant="default" onClick={() => saveText('godwit-recovery-codes.txt', `${text}\n`)}>Save as a file</Button>
          <CopyIcon value={text} label="Copy the codes" />
        </Group>
        <Button onClick={props.onClose}>I have kept them</Button>
      </Group>
    </Stack>
  );
}

/** Who can sign in is not changed by whoever finds the browser open. */
function AskPassword<T>(props: { method: 'POST' | 'DELETE'; text: string; button: string; color: string; onDone: (answer: T) => void }) {
  const change = useChange<T>('session');
  const form = useForm({ initialValues: { password: '' } });
  const submit = form.onSubmit((values) =>
    change.mutate({ method: props.method, path: 'v1/account/totp', body: values }, {
      onSuccess: props.onDone,
      onError: (error) => showFormError(form, error),
    }),
  );
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text size="sm">{props.text}</Text>
        <PasswordInput label="Password" required autoComplete="current-password" data-autofocus {...form.getInputProps('password')} />
        <Group justify="flex-end">
          <Button type="submit" color={props.color} loading={change.isPending}>{props.button}</Button>
        </Group>
      </Stack>
    </form>
  );
}

export function TotpCard() {
  const { session, reload } = useSession();
  const on = session.account?.totpEnabled === true;
  const [secret, setSecret] = useState<Secret | null>(null);
  const [codes, setCodes] = useState<string[] | null>(null);
  const [offOpened, setOffOpened] = useState(false);
  const [onOpened, setOnOpened] = useState(false);
  return (
    <Card withBorder component="section" aria-label="Two-step verification">
      <Stack>
        <Group justify="space-between">
          <Title order={2} size="h4">Two-step verification</Title>
          <Badge c="bright" color={on ? 'green' : 'gray'} variant="light" tt="none">{on ? 'on' : 'off'}</Badge>
        </Group>
        <Text size="sm" c="dimmed">
          {on ? 'Signing in asks for a code of your authenticator app.' : 'With it, a stolen password alone opens nothing: signing in asks for a code of an app on your phone too.'}
        </Text>
        <Group>
          {on ? (
            <Button variant="default" onClick={() => setOffOpened(true)}>Switch off…</Button>
          ) : (
            <Button variant="light" onClick={() => setOnOpened(true)} disabled={!session.account?.hasPassword}>Set up…</Button>
          )}
        </Group>
      </Stack>
      <Modal opened={secret !== null || codes !== null} onClose={() => { if (codes === null) setSecret(null); }} closeOnClickOutside={false}
        closeOnEscape={codes === null} withCloseButton={codes === null} title="Two-step verification">
        {codes !== null ? (
          <RecoveryCodes codes={codes} onClose={() => { setCodes(null); void reload(); }} />
        ) : secret !== null ? (
          <SetUp secret={secret} onCancel={() => setSecret(null)} onDone={(list) => { setCodes(list); setSecret(null); }} />
        ) : null}
      </Modal>
      <Modal opened={onOpened} onClose={() => setOnOpened(false)} title="Two-step verification">
        <AskPassword<Secret> method="POST" text="First your password: nobody who finds this browser open can change how you sign in." button="Go on" color=""
          onDone={(made) => { setOnOpened(false); setSecret(made); }} />
      </Modal>
      <Modal opened={offOpened} onClose={() => setOffOpened(false)} title="Switch two-step verification off?">
        <AskPassword method="DELETE" text="Your password alone opens your account then." button="Switch off" color="red" onDone={() => { setOffOpened(false); void reload(); tellDone('Two-step verification is off.'); }} />
      </Modal>
    </Card>
  );
}
