// SPDX-License-Identifier: Apache-2.0
import { Anchor, Center, Stack, Text, Title } from '@mantine/core';
import { Link } from 'wouter';

export function NotFound(props: { what: string }) {
  return (
    <Center h="60vh">
      <Stack align="center">
        <Title order={1} size="h2" className="gw-text">
          {props.what} is not there
        </Title>
        <Text c="dimmed">It may have been deleted, or it is another project’s.</Text>
        <Anchor component={Link} href="/">
          To the overview
        </Anchor>
      </Stack>
    </Center>
  );
}
