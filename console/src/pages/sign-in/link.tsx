// SPDX-License-Identifier: Apache-2.0
import { Anchor, Center, Loader, Stack, Text } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { messageOf, send } from '../../api/client';
import { useSession } from '../../api/session';
import type { Session } from '../../api/types';

/** A link that signs in once: of the first start, an invitation, a lost password. */
export function LinkPage(props: { token: string }) {
  const { accept } = useSession();
  const [, navigate] = useLocation();
  const [failure, setFailure] = useState('');
  const used = useRef(false);
  useEffect(() => {
    if (used.current) return;
    used.current = true;
    send<{ data: Session }>('POST', 'v1/session/link', { body: { token: props.token } })
      .then((answer) => {
        // First away from the link: accept may load the page again, and the link is used up.
        navigate(answer.data.data.account?.hasPassword ? '/account?link=1' : '/account?welcome=1', { replace: true });
        accept(answer.data.data);
      })
      .catch((error: unknown) => setFailure(messageOf(error)));
  }, [props.token, accept, navigate]);
  return (
    <Center mih="90vh" p="md" component="main">
      {failure ? (
        <Stack align="center" maw={420}>
          <Text role="alert">{failure}</Text>
          <Text size="sm" c="dimmed">
            Each link works once. Ask whoever sent it for a new one, or restart the server for a new first link.
          </Text>
          <Anchor component={Link} href="/">
            To the sign-in page
          </Anchor>
        </Stack>
      ) : (
        <Loader aria-label="signing in" />
      )}
    </Center>
  );
}
