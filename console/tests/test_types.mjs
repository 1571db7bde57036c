// SPDX-License-Identifier: Apache-2.0
// The console's types are those of the server that it is built into.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { typesOf } from '../scripts/types.mjs';
import { root, startServer } from './harness.mjs';

test('src/api/schema.ts is what the server describes', async () => {
  const server = await startServer();
  const document = await (await fetch(`${server.url}/v1/openapi.json`)).json();
  await server.close();
  const kept = readFileSync(join(root, 'console/src/api/schema.ts'), 'utf8');
  assert.ok(typesOf(document) === kept, 'src/api/schema.ts is old: console/scripts/types.mjs says how to write it anew');
});
