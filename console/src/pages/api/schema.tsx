// SPDX-License-Identifier: Apache-2.0
// A schema as a table of its members; what is nested opens.
import { Box, Code, Group, Stack, Text, UnstyledButton } from '@mantine/core';
import { IconChevronDown, IconChevronRight } from '@tabler/icons-react';
import { useState } from 'react';
import { refName, resolve, type OpenApi, type Schema } from './document';

const DEPTH_MAX = 6;

/** "text", "list of Device", "number or null". */
export function typeText(schema: Schema | undefined): string {
  if (!schema) return 'anything';
  const name = refName(schema);
  if (name) return name;
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return choices.map(typeText).join(' or ');
  if (schema.items || schema.type === 'array') return `list of ${typeText(schema.items)}`;
  const types = Array.isArray(schema.type) ? schema.type : schema.type ? [schema.type] : [];
  if (schema.enum) return schema.enum.map((v) => JSON.stringify(v)).join(' | ');
  if (types.length === 0) return 'anything';
  const text = types.map((t) => (t === 'string' && schema.format === 'date-time' ? 'time' : t === 'string' && schema.format === 'binary' ? 'bytes' : t === 'array' ? `list of ${typeText(schema.items)}` : t));
  return [...text, ...(schema.nullable ? ['null'] : [])].join(' or ');
}

/** What can be opened in it: members of an object, of a list, of a choice. */
function inner(document: OpenApi, schema: Schema | undefined): Schema | undefined {
  const found = resolve(document, schema);
  if (!found) return undefined;
  if (found.properties) return found;
  if (found.items) return inner(document, found.items);
  if (typeof found.additionalProperties === 'object') return inner(document, found.additionalProperties);
  return (found.anyOf ?? found.oneOf ?? found.allOf)?.map((s) => inner(document, s)).find((s) => s !== undefined);
}

function Member(props: { document: OpenApi; name: string; schema: Schema; required: boolean; depth: number; answer: boolean }) {
  const { document, name, schema, depth } = props;
  const [open, setOpen] = useState(depth === 0 && (name === 'data' || name === 'list'));
  const below = depth < DEPTH_MAX ? inner(document, schema) : undefined;
  const label = (
    <Group gap={8} wrap="wrap" align="baseline">
      <Code>{name}</Code>
      <Text span size="xs" c="dimmed">{typeText(schema)}{props.required === props.answer ? '' : props.answer ? ', may be absent' : ', needed'}</Text>
      {schema.description ? <Text span size="sm">{schema.description}</Text> : null}
    </Group>
  );
  return (
    <Box>
      {below ? (
        <UnstyledButton onClick={() => setOpen(!open)} aria-expanded={open}>
          <Group gap={4} wrap="nowrap" align="center">{open ? <IconChevronDown size={14} aria-hidden /> : <IconChevronRight size={14} aria-hidden />}{label}</Group>
        </UnstyledButton>
      ) : <Box pl={18}>{label}</Box>}
      {below && open ? <Box pl={18} mt={4}><Members document={document} schema={below} depth={depth + 1} answer={props.answer} /></Box> : null}
    </Box>
  );
}

/** `answer`: of what the server says; else of what it is told. */
export function Members(props: { document: OpenApi; schema: Schema | undefined; depth?: number; answer?: boolean }) {
  const depth = props.depth ?? 0;
  const found = inner(props.document, props.schema);
  if (!found?.properties || Object.keys(found.properties).length === 0) {
    return <Text size="sm" c="dimmed">{typeText(props.schema) === 'object' ? 'No members.' : typeText(props.schema)}</Text>;
  }
  return (
    <Stack gap={6}>
      {Object.entries(found.properties).map(([name, schema]) => (
        <Member key={name} document={props.document} name={name} schema={schema} required={found.required?.includes(name) ?? false} depth={depth} answer={props.answer ?? false} />
      ))}
    </Stack>
  );
}
