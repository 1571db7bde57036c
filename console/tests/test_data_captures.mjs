// SPDX-License-Identifier: Apache-2.0
// Captures: found, heard, labelled by keyboard, exported.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { box, choose, makeDevice, ramp, tone } from './data_support.mjs';
import { another, awkward, looksRight, openAs, openSignedIn, P } from './fleet_support.mjs';
import { closeBrowser, startServer, until } from './harness.mjs';

let server, page, device, odd;
before(async () => {
  server = await startServer();
  ({ page } = await openSignedIn(server, { acceptDownloads: true, allow: [/Failed to load resource: net::/, /404/] }));
});
after(async () => {
  device?.close();
  odd?.close();
  await closeBrowser();
  await server?.close();
});
const table = () => page.getByRole('table', { name: 'Captures' });
const rows = () => table().locator('tbody tr');
const captures = async (query = '') => (await server.rest('GET', `${P}/captures?perPage=100${query}`)).list;
const label = () => page.getByTestId('label');
const labelIs = (text) => until(`the label is ${text}`, async () => await label().textContent() === text);
const idShown = () => /captures\/([0-9a-f]+)/.exec(page.url())?.[1];
/** Keys go to the page, not into a box that still has the focus. */
const press = (key) => page.locator('body').press(key);

test('no captures: says what has to be switched on', async () => {
  await page.go('/p/default/captures');
  await page.getByText('No captures yet').waitFor();
  await page.getByText('CAPTURE_ENABLED').waitFor();
  await looksRight(page, 'captures-empty');
});

test('captures show as they come, from devices with any name', async () => {
  device = await makeDevice(server, 'kitchen');
  odd = await makeDevice(server, awkward);
  await page.go('/p/default/captures');
  for (const hertz of [300, 600, 900]) await device.sendAudio(tone(hertz));
  await device.sendImage(ramp());
  await odd.sendJson('weather', { celsius: 21.5, text: '<img src=x onerror=alert(1)>' });
  await until('five rows', async () => await rows().count() === 5);
  await page.getByText(awkward).first().waitFor();
  await looksRight(page, 'captures');
});

test('filters stand in the address and outlive a refresh', async () => {
  await choose(page, 'Device', 'kitchen');
  await until('four of kitchen', async () => await rows().count() === 4);
  await page.getByRole('button', { name: /More filters/ }).click();
  await choose(page, 'Type', 'audio/wav');
  await until('three recordings', async () => await rows().count() === 3);
  await looksRight(page, 'captures-filters');
  await page.reload();
  await until('three recordings again', async () => await rows().count() === 3);
  assert.match(page.url(), /type=audio/);
  await page.getByRole('button', { name: 'Clear', exact: true }).click();
  await until('all', async () => await rows().count() === 5);
});

test('a recording is drawn and played', async () => {
  await rows().filter({ hasText: 'audio/wav' }).last().click();
  await page.locator('[data-ready="true"]').waitFor();
  await press(' ');
  await page.getByRole('button', { name: 'Pause' }).waitFor();
  await page.getByRole('button', { name: 'Play' }).waitFor();
  await page.getByText('1.00 / 1.00 s').waitFor();
  await page.getByText('model@1.0.0').waitFor();
  await looksRight(page, 'capture-audio');
  await page.locator('[data-ready="true"]').waitFor();
});

test('a label is typed; the next ones are given by digit, taken back and kept', async () => {
  await page.go('/p/default/captures?type=audio%2Fwav');
  await page.getByRole('button', { name: 'Label', exact: true }).click();
  await page.locator('[data-ready="true"]').waitFor();
  const first = idShown();
  await press('l');
  await page.keyboard.type('yes');
  await page.keyboard.press('Enter');
  await until('on to the next', () => idShown() !== first);
  const second = idShown();
  await page.getByRole('button', { name: 'yes' }).waitFor();
  await press('1');
  await until('on to the third', () => idShown() !== second);
  assert.equal((await captures('&label=yes')).length, 2);
  await press('u');
  await until('back at the second', () => idShown() === second);
  await labelIs('none');
  assert.equal((await captures('&label=yes')).length, 1);
  await press('k');
  await until('back at the first', () => idShown() === first);
  await labelIs('yes');
  await page.reload();
  await labelIs('yes');
  await looksRight(page, 'capture-label');
});

test('keys do nothing while one types, and deleting asks', async () => {
  const before = idShown();
  await press('l');
  await page.keyboard.type('jx1 ');
  assert.equal(idShown(), before);
  await page.keyboard.press('Escape');
  await press('x');
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Keep' }).click();
  await dialog.waitFor({ state: 'detached' });
  assert.equal((await captures()).length, 5);
});

test('a label that another gives shows at once', async () => {
  const id = idShown();
  await server.rest('PATCH', `${P}/captures/${id}`, { label: 'elsewhere' });
  await labelIs('elsewhere');
  await server.rest('PATCH', `${P}/captures/${id}`, { label: 'yes' });
  await labelIs('yes');
});

test('pictures and values are shown as what they are', async () => {
  await page.go('/p/default/captures');
  await rows().filter({ hasText: 'image/' }).click();
  await page.getByText('16 × 16 pixels').waitFor();
  await page.getByText('8×').click();
  await looksRight(page, 'capture-image');
  await page.go('/p/default/captures');
  await rows().filter({ hasText: 'weather' }).click();
  await page.getByText('"celsius": 21.5').waitFor();
  await page.getByText('<img src=x onerror=alert(1)>').waitFor();
});

test('walking goes on beyond the page that one came from, both ways', async () => {
  const ids = (await captures()).map((capture) => capture.id);
  await page.go('/p/default/captures?perPage=2&page=1');
  await until('the second page', async () => await rows().count() === 2 && await rows().first().getAttribute('data-key') === ids[2]);
  await rows().first().click();
  await until('it is open', () => idShown() === ids[2]);
  for (const [key, at] of [['k', 1], ['k', 0], ['j', 1], ['j', 2], ['j', 3], ['j', 4], ['ArrowLeft', 3]]) {
    await until(`there is one at ${at}`, async () => await page.getByRole('button', { name: key === 'j' ? 'Next capture' : 'Previous capture' }).isEnabled());
    await press(key);
    await until(`${key} to ${at}`, () => idShown() === ids[at]);
  }
});

test('several are labelled at once', async () => {
  await page.go('/p/default/captures?type=audio%2Fwav');
  await until('three', async () => await rows().count() === 3);
  await page.getByRole('checkbox', { name: 'Select all of this page' }).check();
  const bar = page.getByRole('region', { name: 'Selected captures' });
  await bar.getByText('3 selected').waitFor();
  await box(page, 'Label for the selected').fill('no');
  await bar.getByRole('button', { name: 'Label them' }).click();
  await until('all are no', async () => (await captures('&label=no')).length === 3);
  await until('the table says so', async () => await rows().filter({ hasText: 'no' }).count() === 3);
});

test('what another deletes is not there any more', async () => {
  await device.sendAudio(tone(440));
  const [newest] = await captures();
  await page.go(`/p/default/captures/${newest.id}`);
  await label().waitFor();
  await server.rest('DELETE', `${P}/captures/${newest.id}`);
  await page.getByRole('heading', { name: 'This capture is not there' }).waitFor();
  await page.go('/p/default/captures?type=audio%2Fwav');
});

test('an export is a whole archive, split by device', async () => {
  await page.getByRole('button', { name: 'Export…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('3 labelled captures').waitFor();
  await dialog.getByLabel('For training').fill('70');
  await dialog.getByText('The three make 90 %').waitFor();
  assert.equal(await dialog.getByRole('button', { name: 'Download' }).isDisabled(), true);
  await dialog.getByLabel('For training').fill('80');
  const [download] = await Promise.all([page.waitForEvent('download'), dialog.getByRole('button', { name: 'Download' }).click()]);
  assert.equal(download.suggestedFilename(), 'default-captures.tar');
  const names = execFileSync('tar', ['tf', await download.path()], { encoding: 'utf8' }).trim().split('\n');
  assert.equal(names.filter((name) => name.startsWith('no/')).length, 3);
  assert.ok(names.includes('manifest.jsonl'));
});

test('what cannot be reached says so and heals by itself', async () => {
  const lost = await another(page);
  await lost.goto(`${server.url}/#/p/default/captures`);
  await lost.getByRole('table', { name: 'Captures' }).waitFor();
  await server.stop('SIGKILL');
  await lost.getByTestId('lost').or(lost.locator('[data-live="lost"]')).first().waitFor();
  const { data, port, key } = server;
  server = await startServer({ data, port, key });
  await lost.locator('[data-live="live"]').waitFor();
  await lost.getByTestId('lost').waitFor({ state: 'detached' });
  await lost.close();
  page.expectClean();
});

test('a viewer looks and labels nothing', async () => {
  const viewer = await openAs(server, 'viewer');
  await viewer.go('/p/default/captures');
  await viewer.getByRole('table', { name: 'Captures' }).locator('tbody tr').first().click();
  await viewer.getByText('Viewers cannot label').waitFor();
  assert.equal(await viewer.getByRole('button', { name: 'More', exact: true }).count(), 0);
  await viewer.end();
});
