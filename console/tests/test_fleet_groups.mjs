// SPDX-License-Identifier: Apache-2.0
// Blueprints, tags, settings of devices, credentials; and two people at once.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { another, awkward, looksRight, openAs, openSignedIn, P } from './fleet_support.mjs';
import { closeBrowser, startServer, until } from './harness.mjs';

let server, page;
before(async () => {
  server = await startServer();
  // 409 and 412 are what the tests provoke: the browser notes each as an error.
  ({ page } = await openSignedIn(server, { allow: [/status of 4(00|09|12)/] }));
});
after(async () => {
  await page?.context().close();
  await closeBrowser();
  await server?.close();
});
const dialog = () => page.getByRole('dialog');
const row = (text) => page.getByRole('row').filter({ hasText: text });

test('blueprints: made, limited, changed, deleted; a taken name stands beside the field', async () => {
  await page.go('/p/default/blueprints');
  await page.getByText('No blueprints yet').waitFor();
  await page.getByRole('button', { name: 'New blueprint' }).first().click();
  await dialog().getByLabel('Name').fill('cores3');
  await dialog().getByLabel('Tensor arena').fill('65536');
  await looksRight(page, 'blueprint', { dialog: true });
  await dialog().getByRole('button', { name: 'Create blueprint' }).click();
  await row('cores3').getByText('64.0 KiB').waitFor();
  await page.getByRole('button', { name: 'New blueprint' }).click();
  await dialog().getByLabel('Name').fill('cores3');
  await dialog().getByRole('button', { name: 'Create blueprint' }).click();
  await dialog().getByText(/already/).waitFor();
  await dialog().getByLabel('Name').fill('spare');
  await dialog().getByLabel('Platform').fill(awkward);
  await dialog().getByRole('button', { name: 'Create blueprint' }).click();
  await row('spare').getByText(awkward).waitFor();
  await server.rest('POST', `${P}/devices`, { name: 'desk', blueprintId: 'cores3' });
  await row('cores3').getByRole('link', { name: '1 devices: show them' }).waitFor();
  await looksRight(page, 'blueprints');
  await page.getByRole('button', { name: 'Delete cores3' }).click();
  await dialog().getByRole('button', { name: 'Delete' }).click();
  await page.getByText('cores3 stays').waitFor();
  await page.getByRole('button', { name: 'Delete spare' }).click();
  await dialog().getByRole('button', { name: 'Delete' }).click();
  await row('spare').waitFor({ state: 'detached' });
});

test('of two editors the second is told, and can look at the newest', async () => {
  const other = await another(page);
  await other.goto(`${server.url}/#/p/default/blueprints`);
  await other.getByRole('button', { name: 'Edit cores3' }).click();
  await page.bringToFront();
  await page.getByRole('button', { name: 'Edit cores3' }).click();
  await dialog().getByLabel('Platform').fill('mine');
  await other.bringToFront();
  const theirs = other.getByRole('dialog');
  await theirs.getByLabel('Platform').fill('theirs');
  await theirs.getByRole('button', { name: 'Save' }).click();
  await theirs.waitFor({ state: 'detached' });
  await page.bringToFront(); // one behind another is drawn seldom
  await dialog().getByRole('button', { name: 'Save' }).click();
  await page.getByText('Somebody else changed this meanwhile').waitFor();
  await looksRight(page, 'conflict', { dialog: true });
  await page.getByRole('button', { name: 'Keep what I typed' }).click();
  await page.getByText('Somebody else changed this meanwhile').waitFor({ state: 'detached' });
  assert.equal(await page.getByLabel('Platform').inputValue(), 'mine');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('button', { name: 'Show me the newest' }).click();
  await until('the newest', async () => await page.getByLabel('Platform').inputValue() === 'theirs');
  await page.getByLabel('Platform').fill('both');
  await page.getByRole('button', { name: 'Save' }).click();
  await row('cores3').getByText('both').waitFor();
  await other.close();
});

test('tags: made, renamed, counted, deleted only when nothing has them', async () => {
  await page.go('/p/default/tags');
  await page.getByText('No tags yet').waitFor();
  await page.getByRole('button', { name: 'New tag' }).first().click();
  await dialog().getByLabel('Name').fill('beta');
  await dialog().getByRole('button', { name: 'Create tag' }).click();
  await row('beta').waitFor();
  await server.rest('PATCH', `${P}/devices/desk`, { addTagId: ['beta'] });
  await row('beta').getByRole('link', { name: '1 devices: show them' }).waitFor();
  await page.getByRole('button', { name: 'Delete beta' }).click();
  await dialog().getByRole('button', { name: 'Delete' }).click();
  await page.getByText('beta stays').waitFor();
  await page.getByRole('button', { name: 'Rename beta' }).click();
  await page.reload();
  await until('the form again', async () => await dialog().getByLabel('Name').inputValue() === 'beta');
  await dialog().getByLabel('Name').fill('early');
  await dialog().getByRole('button', { name: 'Rename' }).click();
  await row('early').waitFor();
  await looksRight(page, 'tags');
  await row('early').getByRole('link').click();
  await page.getByRole('heading', { name: 'Devices' }).waitFor();
  await page.getByRole('link', { name: 'desk' }).waitFor();
  assert.match(page.url(), /tags=/);
});

test('settings of every level, edited as what they are', async () => {
  await page.go('/p/default/device-settings');
  await page.getByRole('button', { name: 'New setting' }).first().click();
  await dialog().getByLabel('Key').fill('bad key');
  await dialog().getByRole('button', { name: 'Set it' }).click();
  await dialog().getByText('Letters, digits').waitFor();
  await dialog().getByText('Enter a number').waitFor();
  await looksRight(page, 'device-setting', { dialog: true });
  await dialog().getByLabel('Key').fill('INTERVAL_S');
  await dialog().getByLabel('Value').fill('60');
  await dialog().getByRole('button', { name: 'Set it' }).click();
  await row('INTERVAL_S').getByText('60').waitFor();
  // One device's, of another type: the server refuses, beside the field.
  await page.getByRole('button', { name: 'New setting' }).click();
  await dialog().getByLabel('Key').fill('INTERVAL_S');
  await dialog().getByText('One device', { exact: true }).click();
  await dialog().getByRole('combobox', { name: 'Device' }).click();
  await page.getByRole('option', { name: 'desk' }).click();
  await dialog().getByRole('combobox', { name: 'Type' }).click();
  await page.getByRole('option', { name: 'Yes or no' }).click();
  await dialog().getByRole('button', { name: 'Set it' }).click();
  await dialog().getByText(/at another level/).waitFor();
  await dialog().getByRole('combobox', { name: 'Type' }).click();
  await page.getByRole('option', { name: 'Whole number' }).click();
  await dialog().getByLabel('Value').fill('5');
  await dialog().getByRole('button', { name: 'Set it' }).click();
  await row('desk').getByText('5', { exact: true }).waitFor();
  for (const [key, value] of [['GREETING', awkward], ['LOUD', true], ['GAIN', 1.5]]) await server.rest('POST', `${P}/settings`, { key, value });
  await row('GREETING').getByText(awkward).waitFor();
  await looksRight(page, 'device-settings');
  await page.getByRole('button', { name: 'Edit LOUD' }).click();
  await dialog().getByRole('switch').click();
  await dialog().getByRole('button', { name: 'Save' }).click();
  await row('LOUD').getByText('false').waitFor();
  await page.getByRole('button', { name: 'Edit GAIN' }).click();
  await until('the form', async () => await dialog().getByLabel('Value').inputValue() === '1.5');
  await dialog().getByLabel('Value').fill('2.25');
  await dialog().getByRole('button', { name: 'Save' }).click();
  await row('GAIN').getByText('2.25').waitFor();
  await page.getByText('Single devices', { exact: true }).click();
  await until('one row', async () => await page.getByRole('table').locator('tbody tr').count() === 1);
  await row('desk').getByRole('link', { name: 'desk' }).click();
  await page.getByRole('heading', { name: 'desk', level: 1 }).waitFor();
  await row('INTERVAL_S').getByText('this device').waitFor();
  await row('GREETING').getByRole('button', { name: 'Set for this device' }).click();
  assert.equal(await dialog().getByLabel('Value').inputValue(), awkward);
  await dialog().getByLabel('Value').fill('moin');
  await dialog().getByRole('button', { name: 'Set it' }).click();
  await row('GREETING').getByText('"moin"').waitFor();
  await page.getByRole('button', { name: 'Delete GREETING' }).click();
  await dialog().getByRole('button', { name: 'Delete' }).click();
  await row('GREETING').getByText('all devices').waitFor();
});

test('keys are added, rotated and deleted, each shown once', async () => {
  await page.getByRole('tab', { name: 'Credentials' }).click();
  await page.getByText('No keys yet').waitFor();
  const keys = page.getByRole('region', { name: 'Pre-shared keys' }).first();
  await page.getByRole('button', { name: 'Add a key' }).click();
  await dialog().getByRole('button', { name: 'Make the key' }).click();
  const first = await dialog().locator('[data-secret="PSK"]').textContent();
  await dialog().getByRole('button', { name: 'Done' }).click();
  await keys.getByText('desk@default').first().waitFor();
  assert.ok(!(await page.content()).includes(first), 'a key is shown once');
  await page.getByRole('button', { name: 'Rotate' }).click();
  await dialog().getByLabel('PSK-ID').fill('desk@default');
  await dialog().getByRole('button', { name: 'Make the key' }).click();
  await dialog().getByText(/already/).waitFor();
  await dialog().getByLabel('PSK-ID').fill('desk-2@default');
  await dialog().getByRole('button', { name: 'Make the key' }).click();
  await dialog().getByRole('button', { name: 'Done' }).click();
  await keys.getByText('desk-2@default').first().waitFor();
  await looksRight(page, 'device-credentials');
  await page.getByRole('button', { name: 'Delete desk@default' }).click();
  await dialog().getByRole('button', { name: 'Delete' }).click();
  await until('one key', async () => (await server.rest('GET', `${P}/devices/desk/credentials`)).total === 1);
});

test('the credentials of all devices, without their keys', async () => {
  await page.go('/p/default/credentials');
  await row('desk-2@default').getByRole('link', { name: 'desk' }).waitFor();
  const list = (await server.rest('GET', `${P}/credentials`)).list;
  assert.ok(list.length > 0 && list.every((each) => each.preSharedKey === null));
  await page.getByText('Never used', { exact: true }).click();
  await row('desk-2@default').waitFor();
  await looksRight(page, 'credentials');
});

test('what an operator may not do is disabled, and says why', async () => {
  const operator = await openAs(server, 'operator');
  const desk = (await server.rest('GET', `${P}/devices/desk`)).data;
  await operator.go(`/p/default/devices/${desk.id}/credentials`);
  const add = operator.getByRole('button', { name: 'Add a key' });
  await add.waitFor();
  assert.ok(await add.isDisabled());
  await add.hover({ force: true });
  await operator.getByText('Only an admin of the project').waitFor();
  await operator.go('/p/default/tags');
  assert.ok(await operator.getByRole('button', { name: 'New tag' }).first().isEnabled());
  // A device it may add; the key is for an admin to make.
  await operator.go('/p/default/devices');
  await operator.getByRole('button', { name: 'Add device', exact: true }).click();
  await operator.getByText('only an admin of the project can make one').waitFor();
  await operator.getByRole('dialog').getByLabel('Name').fill('shelf');
  await operator.getByRole('dialog').getByRole('button', { name: 'Add device' }).click();
  await operator.getByRole('heading', { name: 'shelf', level: 1 }).waitFor();
  await operator.end();
});

test('nothing was wrong in the browser', () => page.expectClean());
