// SPDX-License-Identifier: Apache-2.0
// The overview: empty, filling by itself, and through a server that goes away.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { awkward, looksRight, openSignedIn, P } from './fleet_support.mjs';
import { closeBrowser, startServer, until } from './harness.mjs';

let server, page, first, broken, device;
const post = async (path, body) => (await server.rest('POST', `${P}/${path}`, body)).data;
before(async () => {
  server = await startServer();
  ({ page } = await openSignedIn(server, { allow: [/Failed to load resource/, /ERR_CONNECTION|ERR_INCOMPLETE|ERR_EMPTY/] }));
});
after(async () => {
  page?.expectClean();
  await page?.context().close();
  await closeBrowser();
  await server?.close();
});
const number = (label) => page.locator(`[data-number="${label}"]`);
const reads = (label, text) => until(`${label} is ${text}`, async () => (await number(label).textContent()).includes(text));

test('an empty project leads to the first steps', async () => {
  await page.go('/p/default/overview');
  await page.getByText('There is no device yet').waitFor();
  await looksRight(page, 'overview-empty');
  await page.evaluate(() => { window.neverLoadedAgain = true; });
});

test('it fills by itself', async () => {
  await post('devices', { name: awkward });
  await reads('Online', '0 of 1');
  await reads('Never seen', '1');
  await page.getByText('There is no release yet').waitFor();
  first = await server.artifact('yes_no', '1.0.0');
  device = await post('virtual-devices', { name: 'echo' });
  await reads('Online', '1 of 2');
  const only = await post('tags', { name: 'echo-only' });
  await server.rest('PATCH', `${P}/devices/${device.deviceId}`, { addTagId: [only.id] });
  await post('releases', { artifactIds: [first.id], deviceTagIds: [only.id], releaseTags: [`base ${awkward}`], rollout: true });
  await page.locator('[data-rollout]').getByText('1 device updated').waitFor();
  await page.getByRole('region', { name: 'Versions now' }).getByRole('link', { name: '1.0.0' }).waitFor();
  assert.equal(await page.getByText('Five minutes to the first update').count(), 0);
  broken = (await server.rest('POST', `${P}/artifacts?package=model&version=1.2.0&forceBinary=true`, new TextEncoder().encode('no model'.repeat(500)))).data;
  await post('releases', { artifactIds: [broken.id], deviceTagIds: [only.id], releaseTags: ['broken'], rollout: true });
  await page.getByRole('region', { name: 'Recent failures' }).getByRole('link', { name: 'echo' }).first().waitFor();
  assert.ok(await page.evaluate(() => window.neverLoadedAgain), 'the page was loaded again');
});

test('the chart can be read as a table; the time shown stands in the address', async () => {
  const panel = page.getByRole('region', { name: 'Versions in the field over time', exact: true });
  await panel.getByText('30 days').click();
  await until('the address has it', () => /days=30/.test(page.url()));
  await panel.getByText('Table', { exact: true }).click();
  await panel.getByRole('table', { name: 'Versions over time' }).or(panel.getByText('Nothing is on record')).first().waitFor();
  await panel.getByText('Chart', { exact: true }).click();
  await looksRight(page, 'overview');
});

test('numbers and rows lead to what they count', async () => {
  await number('Online').click();
  await page.waitForURL(/devices\?.*status=online/);
  await page.goBack();
  await page.getByRole('region', { name: 'Recent failures' }).getByRole('link', { name: 'echo' }).first().click();
  await page.getByRole('heading', { level: 1, name: 'echo' }).waitFor();
  await page.goBack();
  await page.locator('[data-rollout]').getByRole('link').first().click();
  await page.getByRole('heading', { level: 1, name: 'broken' }).waitFor();
  await page.goBack();
});

test('a server that is lost shows, and what it says when it is back shows by itself', async () => {
  await server.rest('DELETE', `${P}/virtual-devices/${device.deviceId}`);
  await reads('Online', '0 of 1');
  await server.stop('SIGKILL');
  await page.getByTestId('lost').waitFor();
  await number('Online').waitFor();
  const { data, port, key } = server;
  server = await startServer({ data, port, key });
  await page.getByTestId('lost').waitFor({ state: 'hidden' });
  await post('devices', { name: 'later' });
  await reads('Online', '0 of 2');
  assert.ok(await page.evaluate(() => window.neverLoadedAgain), 'the page was loaded again');
});
