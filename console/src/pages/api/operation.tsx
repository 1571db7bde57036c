// SPDX-License-Identifier: Apache-2.0
import { Accordion, Anchor, Badge, Box, Code, Group, Stack, Table, Text, Title } from '@mantine/core';
import { CopyIcon } from '../../components/values';
import { curlOf } from './curl';
import { resolveAnswer, type OpenApi, type Operation } from './document';
import { Members, typeText } from './schema';

const colours: Record<string, string> = { GET: 'cyan', POST: 'green', PUT: 'orange', PATCH: 'orange', DELETE: 'red' };

const rights: Record<string, string> = {
  OPEN: 'anybody',
  SELF: 'whoever is signed in',
  VIEW: 'viewers, operators, admins',
  OPERATE: 'operators, admins',
  ADMIN: 'admins of the project',
  OWN: 'admins of the organisation',
  SERVER: 'admins of the server',
};
export function rightText(right: string | undefined): string {
  return right === undefined ? '' : (rights[right.toUpperCase()] ?? right);
}

function Parameters(props: { operation: Operation }) {
  const parameters = props.operation.parameters ?? [];
  if (parameters.length === 0) return null;
  return (
    <div>
      <Title order={4} size="h6">Parameters</Title>
      <Table.ScrollContainer minWidth={320} scrollAreaProps={{ viewportProps: { tabIndex: 0, 'aria-label': 'Parameters', role: 'region' } } as object}>
        <Table verticalSpacing={4} aria-label="Parameters">
          <Table.Tbody>
            {parameters.map((p) => (
              <Table.Tr key={`${p.in}-${p.name}`}>
                <Table.Td><Code>{p.name}</Code></Table.Td>
                <Table.Td><Text size="xs" c="dimmed">{p.in}, {typeText(p.schema)}{p.required ? ', needed' : ''}</Text></Table.Td>
                <Table.Td>{p.description}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </div>
  );
}

function Body(props: { document: OpenApi; operation: Operation }) {
  const content = Object.entries(props.operation.requestBody?.content ?? {});
  if (content.length === 0) return null;
  return (
    <div>
      <Title order={4} size="h6">Body</Title>
      {content.map(([type, body]) => (
        <Box key={type}>
          <Text size="xs" c="dimmed" mb={4}>{type}</Text>
          {type === 'application/json' ? <Members document={props.document} schema={body.schema} /> : <Text size="sm">The bytes themselves.</Text>}
        </Box>
      ))}
    </div>
  );
}

/** What went well in full; of what may go wrong the shape is always the same. */
function Answers(props: { document: OpenApi; operation: Operation }) {
  const answers = Object.entries(props.operation.responses ?? {}).map(([status, raw]) => ({ status, answer: resolveAnswer(props.document, raw) }));
  const good = answers.filter(({ status }) => /^[123]/.test(status));
  const bad = answers.filter(({ status }) => !/^[123]/.test(status));
  return (
    <div>
      <Title order={4} size="h6">Answers</Title>
      <Stack gap="xs">
        {good.map(({ status, answer }) => (
          <Box key={status}>
            <Text size="sm"><Code>{status}</Code> {answer.description}</Text>
            {Object.entries(answer.content ?? {}).map(([type, body]) => (
              <Box key={type} pl="sm" mt={4}>
                {type === 'application/json' ? <Members document={props.document} schema={body.schema} answer /> : <Text size="sm" c="dimmed">{type}</Text>}
              </Box>
            ))}
          </Box>
        ))}
        {bad.map(({ status, answer }) => (
          <Text size="sm" key={status}><Code>{status === 'default' ? 'else' : status}</Code> {answer.description}</Text>
        ))}
      </Stack>
    </div>
  );
}

export function OperationItem(props: { document: OpenApi; operation: Operation; project: string; opened: boolean; link: string }) {
  const { document, operation, opened } = props;
  const curl = opened ? curlOf(document, operation, props.project) : '';
  return (
    <Accordion.Item value={operation.id} id={operation.id}>
      <Accordion.Control>
        <Group gap="sm" wrap="nowrap">
          <Badge color={colours[operation.method] ?? 'gray'} variant="light" w={74} radius="sm" style={{ flexShrink: 0 }}>{operation.method}</Badge>
          <Box miw={0}>
            <Text span size="sm" className="gw-mono gw-text">{operation.path}</Text>
            <Text size="xs" c="dimmed">{operation.summary}</Text>
          </Box>
        </Group>
      </Accordion.Control>
      <Accordion.Panel>
        {opened ? (
          <Stack>
            <Group justify="space-between">
              {operation['x-godwit-right'] ? <Text size="sm">Who may: {rightText(operation['x-godwit-right'])}</Text> : <span />}
              <Anchor href={props.link} size="sm">Link to this</Anchor>
            </Group>
            {operation.description ? <Text size="sm" className="gw-text">{operation.description}</Text> : null}
            <Parameters operation={operation} />
            <Body document={document} operation={operation} />
            <Answers document={document} operation={operation} />
            <div>
              <Group gap={4}>
                <Title order={4} size="h6">From a shell</Title>
                <CopyIcon value={curl} label="Copy the command" />
              </Group>
              <Code block tabIndex={0} aria-label="Command" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>{curl}</Code>
            </div>
          </Stack>
        ) : null}
      </Accordion.Panel>
    </Accordion.Item>
  );
}
