// SPDX-License-Identifier: Apache-2.0
// A project's settings: general, API keys, certificates, the audit log; and who
// may see which of them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { box, choose } from './data_support.mjs';
import { another, awkward, looksRight, openAs, openSignedIn, P } from './fleet_support.mjs';
import { closeBrowser, godwit, models, screenshot, startServer, until } from './harness.mjs';

let server, page;
before(async () => {
  server = await startServer();
  ({ page } = await openSignedIn(server, { acceptDownloads: true, allow: [/400/, /409/, /412/] }));
});
after(async () => {
  await closeBrowser();
  await server?.close();
});
const dialog = () => page.getByRole('dialog');
const section = (name) => page.go(`/p/default/settings/${name}`);

test('the project is renamed; a second editor is told', async () => {
  await section('general');
  const name = page.locator('input[required]').first();
  await until('the name is there', async () => await name.inputValue() === 'default');
  const other = await another(page);
  await other.goto(`${server.url}/#/p/default/settings/general`);
  const otherName = other.locator('input[required]').first();
  await until('the name is there, too', async () => await otherName.inputValue() === 'default');
  await otherName.fill('Theirs');
  await name.fill(awkward);
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved.').waitFor();
  await other.getByRole('button', { name: 'Save' }).click();
  await other.getByText('Somebody else changed this meanwhile').waitFor();
  await screenshot(other, 'settings-conflict');
  await other.getByRole('button', { name: 'Keep what I typed' }).click();
  assert.equal(await otherName.inputValue(), 'Theirs');
  await other.getByRole('button', { name: 'Save' }).click();
  await other.getByRole('button', { name: 'Show me the newest' }).click();
  await until('the newest', async () => await otherName.inputValue() === awkward);
  await other.close();
  await looksRight(page, 'settings-general');
});

test('what the server refuses stands beside its field', async () => {
  await page.getByLabel('Days a renewed certificate holds').fill('99999999');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.locator('.mantine-InputWrapper-error').waitFor();
  await page.reload();
  await until('as it was', async () => await page.getByLabel('Days a renewed certificate holds').inputValue() !== '99999999');
});

let key;
test('an API key is made with role, scopes and an end, and shown once', async () => {
  await section('api-keys');
  await page.getByRole('button', { name: 'New API key' }).click();
  await dialog().getByRole('button', { name: 'Make the key' }).click();
  await dialog().getByText('Say what it is for').waitFor();
  await box(dialog(), 'Name').or(dialog().getByLabel('Name')).first().fill('nightly export');
  await box(dialog(), 'Only for').click();
  await page.getByRole('option', { name: 'captures:read' }).click();
  await page.keyboard.press('Escape');
  await dialog().getByRole('button', { name: 'Make the key' }).click();
  key = await dialog().locator('[data-secret="Key"]').textContent();
  assert.ok(key.length > 20);
  await screenshot(page, 'settings-api-key-once');
  await dialog().getByRole('button', { name: 'Done' }).click();
  const row = page.getByRole('row').filter({ hasText: 'nightly export' });
  await row.getByText('captures:read').waitFor();
  const ask = (path) => fetch(`${server.url}${P}/${path}`, { headers: { 'x-api-key': key } }).then((r) => r.status);
  assert.equal(await ask('captures'), 200);
  assert.equal(await ask('devices'), 403);
  await looksRight(page, 'settings-api-keys');
});

test('a disabled key opens nothing, a deleted one is gone', async () => {
  const row = page.getByRole('row').filter({ hasText: 'nightly export' });
  await row.getByRole('switch').click({ force: true });
  await until('it is refused', async () => (await fetch(`${server.url}${P}/captures`, { headers: { 'x-api-key': key } })).status === 401);
  await row.getByRole('button', { name: 'Delete nightly export' }).click();
  await dialog().getByText('Programs that use it are refused').waitFor();
  await dialog().getByRole('button', { name: 'Delete' }).click();
  await row.waitFor({ state: 'detached' });
});

test('the server makes a CA; nonsense is refused beside the field', async () => {
  await section('certificates');
  await page.getByRole('button', { name: 'Add a CA' }).click();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('menuitem', { name: 'One that the server makes…' }).click().then(async () => {
      await dialog().getByLabel('Name').fill('Renewals 2027');
      await dialog().getByRole('button', { name: 'Make it' }).click();
    }),
  ]);
  assert.equal(download.suggestedFilename(), 'ca.pem');
  const row = page.getByRole('table', { name: 'Certificate authorities' }).getByRole('row').filter({ hasText: 'Renewals 2027' });
  await row.getByText('signs').waitFor();
  await page.getByRole('button', { name: 'Add a CA' }).click();
  await page.getByRole('menuitem', { name: 'Your own, as a PEM file…' }).click();
  await dialog().getByLabel('Or paste it').fill('-----BEGIN CERTIFICATE-----\nbm90aGluZw==\n-----END CERTIFICATE-----');
  await dialog().getByRole('button', { name: 'Trust it' }).click();
  await dialog().locator('.mantine-InputWrapper-error').waitFor();
  await page.keyboard.press('Escape');
  await dialog().waitFor({ state: 'detached' });
});

test('a certificate is revoked by its serial number, and let in again', async () => {
  await page.getByRole('button', { name: 'Revoke…' }).click();
  await dialog().getByText('Serial number', { exact: true }).click();
  await dialog().getByLabel('Serial number').last().fill('0A:1B:2C');
  await dialog().getByRole('button', { name: 'Revoke' }).click();
  const row = page.getByRole('table', { name: 'Revoked certificates' }).locator('tbody tr');
  await row.waitFor();
  await looksRight(page, 'settings-certificates');
  await row.getByRole('button', { name: 'Let in again' }).click();
  await row.waitFor({ state: 'detached' });
});

test('a keyset is handed out, an artifact is signed, and a stranger signs nothing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'godwit-keys-'));
  const file = (name) => join(folder, name);
  const key = (...words) => execFileSync(godwit, ['key', ...words], { stdio: ['ignore', 'pipe', 'ignore'] }).toString();
  const model = join(models, 'yes_no.tflite');
  const sign = (by) => key('sign', model, '--package', 'model', '--version', '7.0.0', '--key', file(by), '--output', file(`${by}.cose`));
  try {
    for (const name of ['ours.pem', 'spare.pem', 'theirs.pem']) key('create', file(name));
    key('rotate', '--first', '--key', file('ours.pem'), '--add', file('spare.pem'), '--output', file('set.cose'));
    await section('signing-keys');
    await page.getByText('No keyset has been handed out').waitFor();
    await page.getByRole('button', { name: 'Hand out a keyset…' }).click();
    const choosing = async (label, name) => {
      const chooser = page.waitForEvent('filechooser');
      await dialog().getByLabel(label).click();
      await (await chooser).setFiles(file(name));
    };
    sign('theirs.pem');
    await choosing('Keyset', 'theirs.pem.cose');
    await dialog().getByRole('button', { name: 'Hand it out' }).click();
    await dialog().getByText('no signed keyset').waitFor();
    await choosing('Keyset', 'set.cose');
    await dialog().getByRole('button', { name: 'Hand it out' }).click();
    await until('two keys', async () => await page.getByRole('table', { name: 'Signing keys' }).locator('tbody tr').count() === 2);
    await looksRight(page, 'settings-signing-keys');
    const made = await server.artifact('yes_no', '7.0.0');
    await page.go(`/p/default/artifacts/${made.id}`);
    await page.getByRole('button', { name: 'Add…' }).click();
    await choosing('Signature', 'theirs.pem.cose');
    await dialog().getByRole('button', { name: 'Add it' }).click();
    await dialog().getByText('not in the project').waitFor();
    sign('spare.pem');
    await choosing('Signature', 'spare.pem.cose');
    await dialog().getByRole('button', { name: 'Add it' }).click();
    await dialog().waitFor({ state: 'detached' });
    await page.getByText(/^by [0-9a-f]{8}$/).waitFor();
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the audit log says who changed what, from what to what', async () => {
  await section('audit');
  const log = page.getByRole('table', { name: 'Audit log' });
  const renamed = log.getByRole('row').filter({ hasText: 'update' }).filter({ hasText: 'project' }).last();
  await renamed.getByRole('button').click();
  const diff = page.getByRole('table', { name: 'What changed' });
  await diff.getByText('default', { exact: true }).first().waitFor();
  await diff.getByText(awkward).waitFor();
  await looksRight(page, 'settings-audit');
  await choose(page, 'Kind', 'API key');
  await until('only keys', async () => (await log.locator('tr[data-audit] td[data-kind]').allTextContents()).every((kind) => kind === 'API key'));
  assert.match(page.url(), /kind=apiKey/);
  // What happens now comes by itself.
  const count = await log.locator('tr[data-audit]').count();
  await server.rest('POST', `${P}/apikeys`, { name: 'another' });
  await until('one more', async () => await log.locator('tr[data-audit]').count() === count + 1);
  // Sign-ins are the server's.
  await page.getByRole('button', { name: 'Clear', exact: true }).click();
  await page.getByText('Whole server, with sign-ins').click();
  await log.getByText(/sign in/).first().waitFor();
});

test('viewers and operators see what is theirs, and why not more', async () => {
  const viewer = await openAs(server, 'viewer');
  await viewer.go('/p/default/settings/general');
  await viewer.getByText('Only an admin of this project may change this.').waitFor();
  await viewer.getByRole('tab', { name: 'API keys' }).click();
  await viewer.getByText('only its admins see and make them').waitFor();
  await viewer.getByRole('tab', { name: 'Audit log' }).click();
  await viewer.getByText('Only admins of the project read it.').waitFor();
  await viewer.getByRole('tab', { name: 'Members' }).click();
  await viewer.getByText('Only an admin of the organisation invites').waitFor();
  await viewer.end();
  await page.end();
});
