// SPDX-License-Identifier: Apache-2.0
// Get started: from an empty server to a model swapped while the device
// listens, by clicks alone.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { looksRight, openAs, openSignedIn, P } from './fleet_support.mjs';
import { closeBrowser, screenshot, startServer, until } from './harness.mjs';

let server, page;
before(async () => {
  server = await startServer();
  ({ page } = await openSignedIn(server));
});
after(async () => {
  await closeBrowser();
  await server?.close();
});
const step = (number) => page.locator(`[data-step="${number}"]`);
const stepIs = (number, state) => step(number).and(page.locator(`[data-state="${state}"]`)).waitFor();
const say = async (word) => {
  const before = await page.locator('[data-said]').count();
  await step(4).getByRole('button', { name: `Say “${word}”` }).click();
  const rows = page.locator('[data-said]');
  await until(`${word} was said`, async () => await rows.count() > before);
  assert.equal(await rows.first().getAttribute('data-said'), word);
  return rows.first().getAttribute('data-heard');
};

test('a viewer sees the steps and why nothing can be pressed', async () => {
  const viewer = await openAs(server, 'viewer');
  await viewer.go('/p/default/start');
  const button = viewer.getByRole('button', { name: 'Make a virtual device' });
  await button.waitFor();
  assert.equal(await button.getAttribute('aria-disabled'), 'true');
  await button.hover();
  await viewer.getByText('Viewers cannot change anything', { exact: false }).waitFor();
  await viewer.end();
});

test('an empty project begins with a device', async () => {
  await page.go('/p/default/start');
  await stepIs(1, 'now');
  await stepIs(2, 'later');
  await looksRight(page, 'start-empty');
  await step(1).getByRole('button', { name: 'Make a virtual device' }).click();
  await step(1).getByText('online').waitFor();
  await stepIs(1, 'done');
});

test('the first model is uploaded and rolled out, live', async () => {
  await step(2).getByRole('button', { name: /Upload the example 1.0.0/ }).click();
  await step(2).getByText('model 1.0.0').waitFor();
  await stepIs(2, 'done');
  await step(3).getByRole('button', { name: 'Roll out 1.0.0' }).click();
  await step(3).getByText(/runs model 1\.0\.0/).waitFor();
  await stepIs(3, 'done');
});

test('it hears the words that its model knows, and no others', async () => {
  await stepIs(4, 'now');
  assert.equal(await say('yes'), 'yes');
  assert.notEqual(await say('stop'), 'stop');
  await looksRight(page, 'start-talk');
  await stepIs(4, 'done');
});

test('two words more while it listens: never restarted, never deaf', async () => {
  await step(5).getByRole('button', { name: /Upload the example 1.1.0/ }).click();
  await step(5).getByRole('button', { name: 'Roll out 1.1.0' }).click();
  await step(5).getByText(/runs model 1\.1\.0/).waitFor();
  assert.equal(await say('stop'), 'stop');
  const missed = step(5).locator('[data-figure="windows missed"]');
  // A sanitized device on a machine that runs all tests at once may be late: how many it
  // missed is shown there, and none missed is held against the plain build.
  const expected = process.env.GODWIT_SANITIZED ? /^\d+$/ : /^0$/;
  await until('no window missed', async () => expected.test(await missed.textContent()));
  await until('two swaps', async () => await step(5).locator('[data-figure="models swapped in"]').textContent() === '2');
  await page.getByRole('heading', { name: 'Then your own' }).waitFor();
  const [device] = (await server.rest('GET', `${P}/virtual-devices`)).list;
  assert.equal(device.restarts, 0);
  await screenshot(page, 'start-done');
});

test('a refresh finds everything as it is', async () => {
  await page.reload();
  await stepIs(5, 'done');
  await stepIs(1, 'done');
  await looksRight(page, 'start-again');
  await page.end();
});
