// SPDX-License-Identifier: Apache-2.0
// What to type so that a device connects with its new key.
import { Code, Group, Tabs, Text } from '@mantine/core';
import { CopyIcon } from '../../components/values';
import { useProject } from '../../api/session';

/** For a shell: quoted where it has to be. */
export function quoted(text: string): string {
  return /^[A-Za-z0-9@%+=:,./_-]+$/.test(text) ? text : `'${text.replace(/'/g, `'\\''`)}'`;
}

function Snippet(props: { text: string; label: string }) {
  return (
    <Group gap="xs" wrap="nowrap" align="flex-start" mt="xs">
      <Code block flex={1} style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>{props.text}</Code>
      <CopyIcon value={props.text} label={props.label} />
    </Group>
  );
}

export function Snippets(props: { name: string; identity: string; psk: string }) {
  const { project } = useProject();
  const { name, identity, psk } = props;
  const host = window.location.hostname;
  const server = window.location.href.split('#')[0]!.replace(/\/$/, '');
  const shell = [
    `export GODWIT_PSK=${quoted(psk)}`,
    `micro_speech --host ${host} --psk-id ${quoted(identity)} --store ${quoted(name)} --mic`,
  ].join('\n');
  const golioth = [
    `settings set golioth/psk-id "${identity}"`,
    `settings set golioth/psk "${psk}"`,
    'kernel reboot cold',
    '',
    '# and in prj.conf, so that it comes here:',
    `CONFIG_GOLIOTH_COAP_HOST_URI="coaps://${host}:5684"`,
  ].join('\n');
  const cli = [
    `export GODWIT_URL=${quoted(server)}   # and GODWIT_API_KEY, from the project's settings`,
    `godwit device show ${quoted(name)} --project ${quoted(project)}`,
  ].join('\n');
  return (
    <Tabs defaultValue="shell">
      <Tabs.List>
        <Tabs.Tab value="shell">Example on Linux</Tabs.Tab>
        <Tabs.Tab value="golioth">Golioth SDK</Tabs.Tab>
        <Tabs.Tab value="cli">godwit command</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="shell">
        <Snippet text={shell} label="Copy the commands" />
        <Text size="xs" c="dimmed" mt={4}>The speech example listens to your microphone. Another port than 5684: add --port.</Text>
      </Tabs.Panel>
      <Tabs.Panel value="golioth">
        <Snippet text={golioth} label="Copy the commands" />
        <Text size="xs" c="dimmed" mt={4}>In the device’s shell, as with Golioth’s samples.</Text>
      </Tabs.Panel>
      <Tabs.Panel value="cli">
        <Snippet text={cli} label="Copy the commands" />
      </Tabs.Panel>
    </Tabs>
  );
}
