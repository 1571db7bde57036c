// SPDX-License-Identifier: Apache-2.0
// What the first page costs: bytes on the wire are a promise, seconds are only told.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { closeBrowser, openPage, signInFirst, startServer } from './harness.mjs';

const FIRST_LOAD_MAX = 300 * 1024;
let server, page;

before(async () => {
  server = await startServer();
  page = await openPage(server);
  await signInFirst(page, server);
});
after(async () => {
  await page?.end();
  await closeBrowser();
  await server?.close();
});

/** Everything that the browser fetched for the page, compressed as it came. */
async function load(path) {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.clearBrowserCache');
  await page.goto('about:blank');
  const begun = performance.now();
  await page.go(path);
  await page.getByRole('heading', { level: 1 }).waitFor();
  const seconds = (performance.now() - begun) / 1000;
  await page.waitForLoadState('load');
  const resources = await page.evaluate(() => [
    ...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource'),
  ].map((r) => ({ name: r.name, bytes: r.encodedBodySize })));
  return { seconds, resources: resources.filter((r) => !r.name.includes('/v1/')) };
}

for (const path of ['/p/default/overview', '/p/default/releases', '/p/default/captures']) {
  test(`the first load of ${path} is at most 300 KB`, async (t) => {
    const { seconds, resources } = await load(path);
    const bytes = resources.reduce((sum, r) => sum + r.bytes, 0);
    t.diagnostic(`${(bytes / 1024).toFixed(0)} KiB compressed in ${resources.length} files, heading after ${seconds.toFixed(2)} s`);
    assert.ok(bytes > 50_000, `only ${bytes} bytes: was it cached?`);
    assert.ok(bytes <= FIRST_LOAD_MAX, `${bytes} bytes:\n${resources.map((r) => `${r.bytes} ${r.name}`).join('\n')}`);
  });
}

test('nothing is fetched from anywhere else', async () => {
  const { resources } = await load('/p/default/overview');
  for (const resource of resources) assert.ok(resource.name.startsWith(server.url), resource.name);
});

test('a second visit takes its files from the cache', async () => {
  const shown = () => page.getByRole('heading', { level: 1, name: 'Tags' }).waitFor();
  await page.go('/p/default/tags');
  await shown();
  await page.waitForLoadState('networkidle');
  await page.reload();
  await shown();
  const bytes = await page.evaluate(() => performance.getEntriesByType('resource')
    .filter((r) => r.name.includes('/assets/')).reduce((sum, r) => sum + r.transferSize, 0));
  assert.equal(bytes, 0);
});
