// SPDX-License-Identifier: Apache-2.0
import { Alert, Anchor, Button, Card, Center, Code, Group, Image, Modal, Stack, Text, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useEffect } from 'react';
import { useSession } from '../../api/session';
import { SignInForm } from './form';

function FirstStart() {
  return (
    <Alert color="cyan" title="Nobody has a password yet">
      <Text size="sm">
        Open the link that <Code>godwit server</Code> printed when it started. It signs you in as the first administrator. Lost it? Restart the
        server: it prints a new one.
      </Text>
    </Alert>
  );
}

function LostPassword() {
  const [opened, { toggle }] = useDisclosure();
  return (
    <Stack gap={4} align="center">
      <Anchor component="button" type="button" size="sm" onClick={toggle} aria-expanded={opened}>
        Lost your password?
      </Anchor>
      {opened ? (
        <Text size="sm" c="dimmed" ta="center">
          An administrator of your organisation can make you a new link (Project settings, Members). On the server itself{' '}
          <Code style={{ whiteSpace: 'nowrap' }}>godwit server --new-link E-MAIL</Code> prints one.
        </Text>
      ) : null}
    </Stack>
  );
}

export function SignInPage() {
  const { session } = useSession();
  useEffect(() => {
    document.title = 'Sign in – Godwit';
  }, []);
  return (
    <Center mih="90vh" p="md" component="main">
      <Card withBorder w="100%" maw={400} p="xl">
        <Stack>
          <Group gap="sm">
            <Image src="./godwit.svg" w={36} h={36} alt="" />
            <Title order={1} size="h3">
              Sign in to Godwit
            </Title>
          </Group>
          {session.needsSetup ? <FirstStart /> : null}
          <SignInForm />
          <LostPassword />
        </Stack>
      </Card>
    </Center>
  );
}

/** Over a page whose session ended: the page and all that was typed stay. */
export function SignInAgain() {
  const { session } = useSession();
  return (
    <Modal opened onClose={() => undefined} withCloseButton={false} closeOnEscape={false} closeOnClickOutside={false} centered
      title="Sign in again" zIndex={500}>
      <Stack>
        <Text size="sm">Your session has ended. What you have typed is still here: sign in and go on.</Text>
        <SignInForm email={session.account?.email ?? ''} />
        <Button variant="subtle" color="gray" size="xs" onClick={() => window.location.reload()}>
          Leave the page instead
        </Button>
      </Stack>
    </Modal>
  );
}
