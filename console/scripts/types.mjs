// SPDX-License-Identifier: Apache-2.0
// TypeScript interfaces from the server's OpenAPI document:
//   curl -s http://127.0.0.1:8080/v1/openapi.json | node console/scripts/types.mjs > console/src/api/schema.ts
// A test compares the two.
import { fileURLToPath } from 'node:url';

function typeOf(schema, depth) {
  if (schema.$ref) return schema.$ref.split('/').pop();
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (schema.anyOf ?? schema.oneOf) return (schema.anyOf ?? schema.oneOf).map((s) => typeOf(s, depth)).join(' | ');
  const types = [schema.type ?? 'unknown'].flat();
  const parts = types.map((type) => {
    if (type === 'array') return `(${typeOf(schema.items ?? {}, depth)})[]`.replace(/^\((\w+)\)/, '$1');
    if (type === 'integer') return 'number';
    if (type === 'object') return objectOf(schema, depth);
    return type;
  });
  return parts.join(' | ');
}

function objectOf(schema, depth) {
  const properties = Object.entries(schema.properties ?? {});
  const rest = schema.additionalProperties;
  if (properties.length === 0) return `Record<string, ${rest && typeof rest === 'object' ? typeOf(rest, depth) : 'unknown'}>`;
  const indent = '  '.repeat(depth + 1);
  const lines = properties.map(([name, property]) => {
    const optional = schema.required?.includes(name) ? '' : '?';
    const key = /^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name);
    return `${indent}${key}${optional}: ${typeOf(property, depth + 1)};`;
  });
  if (rest && typeof rest === 'object') lines.push(`${indent}[member: string]: unknown;`);
  return `{\n${lines.join('\n')}\n${'  '.repeat(depth)}}`;
}

export function typesOf(document) {
  const out = ['// SPDX-License-Identifier: Apache-2.0', '// Written by console/scripts/types.mjs from GET /v1/openapi.json; a test compares them.'];
  for (const [name, schema] of Object.entries(document.components.schemas).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const isPlain = schema.type === 'object' && Object.keys(schema.properties ?? {}).length > 0;
    out.push(isPlain ? `export interface ${name} ${objectOf(schema, 0)}` : `export type ${name} = ${typeOf(schema, 0)};`);
  }
  return `${out.join('\n')}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  let text = '';
  for await (const piece of process.stdin) text += piece;
  process.stdout.write(typesOf(JSON.parse(text)));
}
