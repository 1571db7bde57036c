// SPDX-License-Identifier: Apache-2.0
import { Alert, SimpleGrid, Stack } from '@mantine/core';
import { useSearchParams } from 'wouter';
import { useSession } from '../../api/session';
import { PageHead } from '../../components/page';
import { MembershipsCard } from './memberships';
import { PasswordCard } from './password';
import { ProfileCard } from './profile';
import { SessionsCard } from './sessions';
import { TotpCard } from './totp';
import { Welcome } from './welcome';

export default function Page() {
  const { session } = useSession();
  const [search] = useSearchParams();
  const byLink = search.has('link') || search.has('welcome');
  if (search.has('welcome') && !session.account?.hasPassword) return <Welcome />;
  return (
    <>
      <PageHead title="Your account" />
      {search.has('link') ? (
        <Alert color="cyan" mb="md" title="You came by a link">
          It works once. Choose a new password below, so that you can come back.
        </Alert>
      ) : null}
      <SimpleGrid cols={{ base: 1, lg: 2 }} maw={1200}>
        <Stack>
          <ProfileCard byLink={byLink} />
          <PasswordCard byLink={byLink} />
        </Stack>
        <Stack>
          <TotpCard />
          <SessionsCard />
          <MembershipsCard />
        </Stack>
      </SimpleGrid>
    </>
  );
}
