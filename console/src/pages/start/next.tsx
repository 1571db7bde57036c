// SPDX-License-Identifier: Apache-2.0
import { Anchor, Card, Code, Stack, Text, Title } from '@mantine/core';
import { Link } from 'wouter';
import { useProject } from '../../api/session';

const snippet = `static struct godwit_updater updater;

struct godwit_updater_config update = {
    .store = &store,                       /* flash, EEPROM, an SD card */
    .slot = {{file[0], sizeof file[0]}, {file[1], sizeof file[1]}},
    .ops = {.load = load, .activate = activate}};
godwit_updater_start(&updater);            /* the stored model runs, network or not */
for (;;) {
  wit_interpreter_invoke(running, &error); /* your input, its output */
  godwit_updater_poll(&updater);           /* one step, never blocks */
  godwit_client_wait(client, 100);
}`;

/** What to do when the tour is over. */
export function NextSteps() {
  const { page } = useProject();
  const links: [string, string, string][] = [
    ['devices', 'Add a board of your own', 'name it, take its key, put both on the device'],
    ['captures', 'Collect what your model is unsure of', 'and label it: the next model learns from it'],
    ['blueprints', 'Say what kinds of boards there are', 'so that a model never goes to one that cannot run it'],
    ['settings/members', 'Invite others', 'as viewers, operators or admins'],
  ];
  return (
    <Card withBorder component="section" aria-labelledby="next-steps">
      <Stack gap="sm">
        <Title order={2} size="h4" id="next-steps">Then your own</Title>
        <Text size="sm" c="dimmed">
          The virtual device is the same program that runs on a board. This is its heart; <Code>examples/minimal/main.c</Code> has all of it,{' '}
          <Code>docs/guide/application.md</Code> explains it.
        </Text>
        <Code block tabIndex={0} aria-label="The heart of a device">{snippet}</Code>
        {links.map(([path, label, why]) => (
          <Text size="sm" key={path}>
            <Anchor underline="always" component={Link} href={page(path)}>{label}</Anchor>: {why}.
          </Text>
        ))}
        <Text size="sm">
          <Anchor underline="always" component={Link} href="/api">The REST API</Anchor>: everything this console does, for your scripts.
        </Text>
      </Stack>
    </Card>
  );
}
