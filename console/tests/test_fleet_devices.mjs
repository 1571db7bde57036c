// SPDX-License-Identifier: Apache-2.0
// The list of devices: finding, adding, changing many at once.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { awkward, looksRight, openAs, openSignedIn, P } from './fleet_support.mjs';
import { closeBrowser, startServer, until } from './harness.mjs';

let server, page, tags, blueprint;
before(async () => {
  server = await startServer();
  ({ page } = await openSignedIn(server, { allow: [/status of 4(00|09)/] })); // provoked
});
after(async () => {
  await page?.context().close();
  await closeBrowser();
  await server?.close();
});
const table = () => page.getByRole('table', { name: 'Devices' });
const rowOf = (name) => table().getByRole('row').filter({ hasText: name });
const shown = (count) => until(`${count} rows`, async () => await table().locator('tbody tr').count() === count);
const choose = async (label, option) => {
  await page.getByRole('combobox', { name: label, exact: true }).click();
  await page.getByRole('option', { name: option, exact: true }).click();
};

test('an empty project says what to do next', async () => {
  await page.go('/p/default/devices');
  await page.getByText('No devices yet').waitFor();
  await page.getByRole('link', { name: 'Get started' }).last().waitFor();
  await looksRight(page, 'devices-empty');
});

test('a device is added by hand, its key is shown once with what to type', async () => {
  tags = { beta: (await server.rest('POST', `${P}/tags`, { name: 'beta' })).data, old: (await server.rest('POST', `${P}/tags`, { name: 'old' })).data };
  blueprint = (await server.rest('POST', `${P}/blueprints`, { name: 'cores3' })).data;
  await page.reload();
  await page.getByRole('button', { name: 'Add the first device' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Add device' }).click();
  await dialog.getByText('Give it a name').waitFor();
  await looksRight(page, 'device-add', { dialog: true });
  await dialog.getByLabel('Name').fill('a/b');
  await dialog.getByRole('button', { name: 'Add device' }).click();
  await dialog.getByText(/must not hold control characters/).waitFor();
  await dialog.getByLabel('Name').fill('desk');
  await dialog.getByRole('combobox', { name: 'Blueprint' }).click();
  await page.getByRole('option', { name: 'cores3' }).click();
  await dialog.getByLabel('Hardware ids').fill('SN-1');
  await page.keyboard.press('Enter');
  // What is typed outlives a refresh.
  await page.reload();
  await page.getByRole('button', { name: 'Add the first device' }).click();
  assert.equal(await dialog.getByLabel('Name').inputValue(), 'desk');
  await dialog.getByRole('button', { name: 'Add device' }).click();
  const identity = await dialog.locator('[data-secret="PSK-ID"]').textContent();
  const key = await dialog.locator('[data-secret="PSK"]').textContent();
  assert.equal(identity, 'desk@default');
  assert.ok(key.length >= 16);
  await dialog.getByText(`GODWIT_PSK=${key}`).waitFor();
  await looksRight(page, 'device-added', { dialog: true });
  await dialog.getByRole('tab', { name: 'Golioth SDK' }).click();
  await dialog.getByText(`settings set golioth/psk "${key}"`).waitFor();
  await page.keyboard.press('Escape');
  assert.ok(await dialog.isVisible(), 'a stray key must not hide what is shown once');
  await dialog.getByRole('button', { name: 'Open the device' }).click();
  await page.getByRole('heading', { name: 'desk', level: 1 }).waitFor();
  const device = (await server.rest('GET', `${P}/devices/desk`)).data;
  assert.deepEqual([device.blueprintId, device.hardwareIds], [blueprint.id, ['SN-1']]);
});

test('a name that is taken is told beside the field', async () => {
  await page.go('/p/default/devices');
  await page.getByRole('button', { name: 'Add device', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('desk');
  await dialog.getByRole('button', { name: 'Add device' }).click();
  await dialog.getByText(/already/).waitFor();
  assert.equal(await dialog.getByLabel('Name').getAttribute('aria-invalid'), 'true');
  await dialog.getByLabel('Name').fill('');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
});

test('filters, sort and page stand in the address and survive a refresh', async () => {
  for (let n = 0; n < 60; n++) {
    await server.rest('POST', `${P}/devices`, { name: `kitchen-${String(n).padStart(2, '0')}`, ...(n < 5 ? { tagIds: [tags.beta.id] } : {}), ...(n === 7 ? { enabled: false } : {}) });
  }
  await server.rest('POST', `${P}/devices`, { name: awkward });
  await page.reload();
  await shown(50);
  await page.getByText('of 62').waitFor();
  await page.getByRole('button', { name: 'next page' }).click();
  await shown(12);
  assert.match(page.url(), /page=1/);
  await page.reload();
  await shown(12);
  await page.getByRole('searchbox', { name: 'Search by name' }).fill('kitchen-0');
  await shown(10);
  assert.match(page.url(), /term=kitchen-0/);
  assert.doesNotMatch(page.url(), /page=1/, 'a new filter begins at the first page');
  await page.getByRole('button', { name: 'Name', exact: true }).click();
  await page.getByRole('button', { name: 'Name', exact: true }).click();
  await until('the last name first', async () => (await table().locator('tbody tr').first().textContent()).includes('kitchen-09'));
  await choose('Enabled', 'Disabled');
  await shown(1);
  await page.reload();
  await shown(1);
  await rowOf('kitchen-07').getByText('disabled').waitFor();
  await page.getByRole('button', { name: 'Clear', exact: true }).click();
  await choose('Tags', 'beta');
  await shown(5);
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Clear', exact: true }).click();
  await choose('Status', 'Online');
  await page.getByText('No device fits these filters').waitFor();
  await page.getByRole('button', { name: 'Clear the filters' }).click();
  await shown(50);
  await page.getByRole('searchbox', { name: 'Search by name' }).fill('<b onload');
  await rowOf(awkward).waitFor();
  assert.equal(await page.locator('td b').count(), 0, 'a name is text, never markup');
  await page.getByRole('searchbox', { name: 'Search by name' }).fill('');
  await shown(50);
  await looksRight(page, 'devices');
});

test('ticked devices get a tag, and all that match are disabled', async () => {
  await page.getByRole('searchbox', { name: 'Search by name' }).fill('kitchen-1');
  await shown(10);
  const selection = page.getByRole('region', { name: 'Selection' });
  for (const name of ['kitchen-10', 'kitchen-11']) await rowOf(name).getByRole('checkbox', { name: `Select ${name}` }).check();
  await selection.getByText('2 devices selected').waitFor();
  await selection.getByRole('button', { name: 'Change' }).click();
  await page.getByRole('menuitem', { name: 'Add tags' }).click();
  const dialog = page.getByRole('dialog');
  assert.ok(await dialog.getByRole('button', { name: 'Add tags' }).isDisabled());
  await looksRight(page, 'devices-bulk', { dialog: true });
  await dialog.getByRole('combobox', { name: 'Tags' }).click();
  await page.getByRole('option', { name: 'old' }).click();
  await page.keyboard.press('Tab');
  await dialog.getByRole('button', { name: 'Add tags' }).click();
  await page.getByText('2 devices changed').waitFor();
  await rowOf('kitchen-11').getByText('old').waitFor();
  assert.equal((await server.rest('GET', `${P}/devices?tags=old`)).total, 2);
  await page.goto(`${server.url}/#/p/default/devices?term=kitchen&perPage=20`);
  await shown(20);
  await page.getByRole('checkbox', { name: 'Select all of this page' }).check();
  await selection.getByRole('button', { name: 'Select all 60 that match' }).click();
  await selection.getByText('60 devices selected').waitFor();
  await selection.getByRole('button', { name: 'Change' }).click();
  await page.getByRole('menuitem', { name: 'Disable' }).click();
  await dialog.getByText('not let in any more').waitFor();
  await dialog.getByRole('button', { name: 'Disable' }).click();
  await page.getByText(/59 devices of 60 changed|60 devices changed/).waitFor();
  assert.equal((await server.rest('GET', `${P}/devices?enabled=false`)).total, 60);
});

test('what others add shows by itself', async () => {
  await page.go('/p/default/devices?term=late');
  await page.getByText('No device fits these filters').waitFor();
  await until('live', () => page.locator('[data-live="live"]').first().isVisible());
  await server.rest('POST', `${P}/devices`, { name: 'latecomer' });
  await rowOf('latecomer').waitFor();
});

test('the keyboard alone opens a device', async () => {
  await rowOf('latecomer').focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'latecomer', level: 1 }).waitFor();
});

test('a viewer looks and is told why nothing more', async () => {
  const viewer = await openAs(server, 'viewer');
  await viewer.go('/p/default/devices?term=latecomer');
  const add = viewer.getByRole('button', { name: 'Add device', exact: true });
  await add.waitFor();
  assert.ok(await add.isDisabled());
  await add.hover({ force: true });
  await viewer.getByText('Your role may look, not change').waitFor();
  await viewer.end();
});

test('nothing was wrong in the browser', async () => {
  page.expectClean();
});
