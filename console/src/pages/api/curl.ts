// SPDX-License-Identifier: Apache-2.0
// A command that can be typed as it stands, but for the key and the ids.
import { apiUrl } from '../../api/client';
import { resolve, type OpenApi, type Operation, type Schema } from './document';

function exampleOf(document: OpenApi, schema: Schema | undefined, depth = 0): unknown {
  const found = resolve(document, schema);
  if (!found || depth > 3) return null;
  if (found.enum) return found.enum[0];
  const type = Array.isArray(found.type) ? found.type[0] : found.type;
  if (type === 'array') return found.items ? [exampleOf(document, found.items, depth + 1)] : [];
  if (type === 'boolean') return true;
  if (type === 'number' || type === 'integer') return found.minimum ?? 1;
  if (type === 'string') return '…';
  if (!found.properties) return type === 'object' ? {} : 1;
  const needed = found.required ?? [];
  // Of a body without needed members: the first one shows what it looks like.
  const names = needed.length > 0 ? needed : Object.keys(found.properties).slice(0, 1);
  return Object.fromEntries(names.map((name) => [name, exampleOf(document, found.properties![name], depth + 1)]));
}

function quoted(text: string): string {
  return `'${text.replace(/'/g, `'\\''`)}'`;
}

export function curlOf(document: OpenApi, operation: Operation, project: string): string {
  const path = operation.path.replace('{project}', project).replace(/\{(\w+)\}/g, (_, name: string) => name.toUpperCase());
  const query = (operation.parameters ?? []).filter((p) => p.in === 'query' && p.required).map((p) => `${p.name}=…`).join('&');
  const lines = [`curl ${quoted(apiUrl(path) + (query ? `?${query}` : ''))}`];
  if (operation.method !== 'GET') lines.push(`-X ${operation.method}`);
  if (operation['x-godwit-right']?.toUpperCase() !== 'OPEN') lines.push('-H "x-api-key: $GODWIT_API_KEY"');
  const content = operation.requestBody?.content ?? {};
  const json = content['application/json'];
  if (json) {
    lines.push("-H 'content-type: application/json'");
    lines.push(`-d ${quoted(JSON.stringify(exampleOf(document, json.schema) ?? {}))}`);
  } else if (Object.keys(content).length > 0) {
    lines.push(`-H 'content-type: ${Object.keys(content)[0]}'`, '--data-binary @FILE');
  }
  return lines.join(' \\\n  ');
}
