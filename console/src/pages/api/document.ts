// SPDX-License-Identifier: Apache-2.0
// The server's description of itself, made ready for reading: operations in
// groups, each with an anchor of its own.
import { useQuery } from '@tanstack/react-query';
import { send } from '../../api/client';

export interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  description?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  required?: string[];
  items?: Schema;
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  nullable?: boolean;
  minimum?: number;
  maximum?: number;
  maxLength?: number;
}
export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required?: boolean;
  description?: string;
  schema?: Schema;
}
type Content = Record<string, { schema?: Schema }>;
export interface Answer {
  $ref?: string;
  description?: string;
  content?: Content;
}
interface RawOperation {
  operationId?: string;
  summary?: string;
  description?: string;
  tags?: string[];
  parameters?: Parameter[];
  requestBody?: { content?: Content; required?: boolean };
  responses?: Record<string, Answer>;
  security?: unknown[];
  'x-godwit-right'?: string;
}
export interface OpenApi {
  openapi: string;
  info: { title: string; version: string; description?: string };
  paths: Record<string, Record<string, RawOperation>>;
  components?: { schemas?: Record<string, Schema>; responses?: Record<string, Answer> };
}

export interface Operation extends RawOperation {
  id: string;
  method: string;
  path: string;
  group: string;
}
export interface Group {
  name: string;
  operations: Operation[];
}
export interface Reference {
  document: OpenApi;
  groups: Group[];
}

const methods = ['get', 'post', 'put', 'patch', 'delete'];

function groupsOf(document: OpenApi): Group[] {
  const groups = new Map<string, Operation[]>();
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of methods) {
      const raw = item[method];
      if (!raw) continue;
      const group = raw.tags?.[0] ?? 'other';
      const id = raw.operationId ?? `${method}${path.replace(/[^A-Za-z0-9]+/g, '-')}`;
      groups.set(group, [...(groups.get(group) ?? []), { ...raw, id, method: method.toUpperCase(), path, group }]);
    }
  }
  return [...groups].map(([name, operations]) => ({ name, operations }));
}

export function useOpenApi() {
  return useQuery({
    queryKey: ['openapi'],
    queryFn: async ({ signal }): Promise<Reference> => {
      const document = (await send<OpenApi>('GET', 'v1/openapi.json', { signal })).data;
      return { document, groups: groupsOf(document) };
    },
    staleTime: Infinity, // changes with the server's version only
  });
}

/** The schema behind a reference; undefined where it names nothing. */
export function resolve(document: OpenApi, schema: Schema | undefined): Schema | undefined {
  const name = schema?.$ref?.split('/').pop();
  return name === undefined ? schema : document.components?.schemas?.[name];
}
export function resolveAnswer(document: OpenApi, answer: Answer): Answer {
  const name = answer.$ref?.split('/').pop();
  return (name === undefined ? answer : document.components?.responses?.[name]) ?? {};
}
export function refName(schema: Schema | undefined): string | undefined {
  return schema?.$ref?.split('/').pop();
}
