// SPDX-License-Identifier: Apache-2.0
// The reference of the REST API.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { looksRight, openSignedIn } from './fleet_support.mjs';
import { closeBrowser, startServer, until } from './harness.mjs';

let server, page;
before(async () => {
  server = await startServer();
  ({ page } = await openSignedIn(server));
});
after(async () => {
  await closeBrowser();
  await server?.close();
});
const items = () => page.locator('.mantine-Accordion-item');

test('every operation of the description is there', async () => {
  const document = await server.rest('GET', '/v1/openapi.json');
  const count = Object.values(document.paths).reduce((sum, path) => sum + Object.keys(path).filter((m) => ['get', 'post', 'put', 'patch', 'delete'].includes(m)).length, 0);
  await page.goto(`${server.url}/v1/docs`);
  await page.getByRole('heading', { name: 'REST API', level: 1 }).waitFor();
  await until('all operations', async () => await items().count() === count);
  await looksRight(page, 'api');
});

test('search narrows, an operation opens, its command is for this server', async () => {
  await page.getByRole('textbox', { name: 'Search the API' }).fill('releases post');
  await until('few', async () => await items().count() < 12 && await items().count() > 0);
  await items().filter({ hasText: '/v1/projects/{project}/releases' }).first().getByRole('button').first().click();
  const command = page.getByLabel('Command', { exact: true });
  await command.waitFor();
  const text = await command.textContent();
  assert.ok(text.includes(`${server.url}/v1/projects/default/releases`), text);
  assert.ok(text.includes('"artifactIds"'), text);
  await page.getByText('operators, admins').first().waitFor();
  await looksRight(page, 'api-operation');
});

test('a link opens the same operation, after a refresh too', async () => {
  assert.match(page.url(), /op=/);
  await page.reload();
  await page.getByLabel('Command', { exact: true }).waitFor();
  await page.getByRole('button', { name: /^data/ }).first().waitFor();
});

test('what fits nothing says so', async () => {
  await page.getByRole('textbox', { name: 'Search the API' }).fill('no such thing at all');
  await page.getByText('Nothing fits.').waitFor();
  await page.end();
});
