// SPDX-License-Identifier: Apache-2.0
// Artifacts: looking inside before anything is stored, one, two compared.
import assert from 'node:assert/strict';
import { closeSync, ftruncateSync, truncateSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { awkward, looksRight, openAs, openSignedIn, P } from './fleet_support.mjs';
import { closeBrowser, models, startServer, until } from './harness.mjs';

const folder = mkdtempSync(join(tmpdir(), 'godwit-artifacts-'));
let server, page;
before(async () => {
  server = await startServer();
  // The browser itself tells its console of answers such as 409.
  ({ page } = await openSignedIn(server, { allow: [/Failed to load resource/] }));
});
after(async () => {
  page?.expectClean();
  await page?.context().close();
  await closeBrowser();
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

const title = (name) => page.getByRole('heading', { level: 1, name }).waitFor();
const choose = (file) => page.locator('input[type=file]').setInputFiles(file);
const model = (name) => join(models, `${name}.tflite`);
const store = () => page.getByRole('button', { name: 'Store it' });
function fileOf(name, content) {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}
async function uploadPage() {
  await page.go('/p/default/artifacts');
  await page.evaluate(() => sessionStorage.clear());
  await page.go('/p/default/artifacts/new');
  await page.getByTestId('dropzone').waitFor();
}
async function stored() {
  return (await server.rest('GET', `${P}/artifacts`)).list.map((a) => `${a.package} ${a.version}`).sort();
}

test('an empty list says what to do next', async () => {
  await page.go('/p/default/artifacts');
  await page.getByText('No artifact yet').waitFor();
  await looksRight(page, 'artifacts-empty');
  await page.getByRole('button', { name: 'Upload the first one' }).click();
  await title('New artifact');
  await looksRight(page, 'artifact-new-empty');
});

test('a model is shown before it is stored', async () => {
  await choose(model('yes_no'));
  const labels = page.getByRole('list', { name: 'Labels' });
  await labels.getByText('yes', { exact: true }).waitFor();
  const tensors = page.getByRole('table', { name: 'Inputs and outputs' });
  assert.match(await tensors.textContent(), /input.*int8.*output/s);
  assert.ok(await page.getByRole('list', { name: 'Operators' }).getByRole('listitem').count() >= 3);
  assert.ok(await page.locator('svg [data-layer]').count() >= 5, 'the graph has its layers');
  await page.getByRole('radiogroup', { name: 'Show the graph as' }).getByText('Table').click();
  await page.getByRole('table', { name: 'Layers' }).getByText('SOFTMAX').waitFor();
  await page.getByRole('radiogroup', { name: 'Show the graph as' }).getByText('Picture').click();
  assert.deepEqual(await stored(), [], 'looking stores nothing');
  await looksRight(page, 'artifact-new');
});

test('wrong names and versions are told beside the field, before anything is sent', async () => {
  const version = page.getByLabel('Version');
  const name = page.getByRole('combobox', { name: 'Package' }).or(page.getByLabel('Package')).first();
  await name.fill('Model');
  await page.getByText('Only a–z, 0–9').waitFor();
  await name.fill('a-very-long-package');
  await page.getByText('devices keep no longer names').waitFor();
  await name.fill('model');
  for (const bad of ['1.0', '01.0.0', 'x']) {
    await version.fill(bad);
    await page.getByText('Write it as MAJOR.MINOR.PATCH').waitFor();
    assert.equal(await version.getAttribute('aria-invalid'), 'true');
  }
  await version.fill('1.0.0-alpha.12345');
  await page.getByText('devices keep no longer versions').waitFor();
  await version.fill('1.0.0');
  // What was typed outlives a refresh; the file has to be chosen again.
  await version.fill('1.0.0-rc.1');
  await page.reload();
  await choose(model('yes_no'));
  assert.equal(await version.inputValue(), '1.0.0-rc.1');
  await version.fill('1.0.0');
  await page.getByText('Which devices can run it').first().waitFor();
  await store().click();
  await title('model 1.0.0');
  assert.deepEqual(await stored(), ['model 1.0.0']);
});

test('a version that is taken is told before the upload, the next one is suggested', async () => {
  await uploadPage();
  await choose(model('yes_no_stop_go'));
  await until('the next version', async () => await page.getByLabel('Version').inputValue() === '1.1.0');
  await page.getByLabel('Version').fill('1.0.0');
  await page.getByText('model 1.0.0 is there already').waitFor();
  await page.getByLabel('Version').fill('1.1.0');
  await store().click();
  await title('model 1.1.0');
});

test('what the server knows better is told beside the field, too', async () => {
  const old = await server.artifact('yes_no', '7.0.0');
  await server.rest('DELETE', `${P}/artifacts/${old.id}`);
  await uploadPage();
  await choose(model('yes_no_stop_go'));
  await page.getByText('Which devices can run it').first().waitFor();
  await page.getByLabel('Version').fill('7.0.0');
  await store().click();
  await page.getByText('was deleted, but stood for other bytes').waitFor();
  assert.equal(await page.getByLabel('Version').getAttribute('aria-invalid'), 'true');
});

test('what is no model says why, and goes up as a binary only when told to', async () => {
  await uploadPage();
  await choose(fileOf('notes.tflite', 'not a model at all'));
  await page.getByText('This is no model that devices can run').waitFor();
  await page.getByText(/not a TensorFlow Lite model/).waitFor();
  assert.ok(await store().isDisabled());
  await page.getByLabel('Upload it as a binary anyway').check();
  await page.getByLabel('Package').first().fill('firmware');
  await page.getByLabel('Version').fill('3.0.0');
  await store().click();
  await title('firmware 3.0.0');
  await page.getByText('A binary: devices get it unchecked.').waitFor();
  await uploadPage();
  const cut = readFileSync(model('yes_no')).subarray(0, 9000);
  await choose(fileOf('cut.tflite', cut));
  await page.getByText('This is no model that devices can run').waitFor();
  await choose(fileOf('empty.tflite', '')).catch(() => undefined);
});

test('two gigabytes are refused before a byte is sent, and the server’s refusal is told', async () => {
  await uploadPage();
  const sent = [];
  page.on('request', (request) => request.method() === 'POST' && sent.push(request.url()));
  const path = join(folder, 'huge.tflite');
  const file = openSync(path, 'w');
  ftruncateSync(file, 2 * 1024 ** 3);
  closeSync(file);
  await choose(path);
  await page.getByText(/has 2048\.0 MiB; an artifact has at most 64\.0 MiB/).waitFor();
  assert.deepEqual(sent, []);
  // Were the browser deceived about the size, the server would say it.
  await page.evaluate(() => Object.defineProperty(File.prototype, 'size', { configurable: true, get: () => 1000 }));
  const large = fileOf('large.tflite', '');
  truncateSync(large, 65 * 1024 ** 2);
  await choose(large);
  await page.getByText('Too large to look inside').waitFor();
  await store().click();
  await page.getByRole('form', { name: 'New artifact' }).getByRole('alert').getByText(/67108864|64 MiB/).waitFor();
  assert.ok(sent.some((url) => url.includes('/artifacts?')));
  await page.evaluate(() => { delete File.prototype.size; });
});

test('an upload can be cancelled', async () => {
  await uploadPage();
  const before = await stored();
  await choose(model('yes_no'));
  await page.getByText('Which devices can run it').first().waitFor();
  await page.getByLabel('Version').fill('9.0.0');
  await page.route('**/artifacts?**', () => undefined); // the answer never comes
  await store().click();
  await page.getByRole('status').getByText(/% sent|Being checked/).waitFor();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await store().waitFor();
  assert.equal(await page.getByLabel('Version').inputValue(), '9.0.0');
  await page.unrouteAll();
  assert.deepEqual(await stored(), before);
});

test('a file dropped anywhere on the list is looked into', async () => {
  await page.go('/p/default/artifacts');
  await page.getByRole('table', { name: 'Artifacts' }).waitFor();
  const bytes = readFileSync(model('yes_no')).toString('base64');
  const transfer = await page.evaluateHandle((text) => {
    const data = new DataTransfer();
    data.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], 'dropped.tflite'));
    return data;
  }, bytes);
  await page.dispatchEvent('main', 'dragenter', { dataTransfer: transfer });
  await page.getByText('Drop the file to look inside').waitFor();
  await page.dispatchEvent('main', 'drop', { dataTransfer: transfer });
  await title('New artifact');
  await page.getByText('dropped.tflite').waitFor();
  await page.getByRole('list', { name: 'Labels' }).waitFor();
});

test('the list: newest version first, filtered by package, in the address', async () => {
  await page.go('/p/default/artifacts');
  const rows = page.getByRole('table', { name: 'Artifacts' }).locator('tbody tr');
  await until('three rows', async () => await rows.count() === 3);
  const texts = await rows.allTextContents();
  assert.match(texts[0], /^firmware3\.0\.0binary/);
  assert.match(texts[1], /^model1\.1\.0model/);
  assert.match(texts[2], /^model1\.0\.0model/);
  await page.getByRole('combobox', { name: 'Package' }).click();
  await page.getByRole('option', { name: 'model' }).click();
  await until('two rows', async () => await rows.count() === 2);
  await page.reload();
  await until('two rows after a refresh', async () => await rows.count() === 2);
  assert.match(page.url(), /package=model/);
});

test('one artifact: blueprints that can run it and those that cannot, evaluations, download', async () => {
  const small = (await server.rest('POST', `${P}/blueprints`, { name: 'tiny-board', arenaBytes: 1000 })).data;
  await server.rest('POST', `${P}/devices`, { name: 'tiny', blueprintId: small.id });
  const [artifact] = (await server.rest('GET', `${P}/artifacts?package=model&version=1.1.0`)).list;
  const labels = artifact.model.labels;
  await server.rest('POST', `${P}/artifacts/${artifact.id}/evaluations`, {
    dataset: 'kitchen', report: { format: 'godwit.evaluation/1', model: { labels }, accuracy: 0.914, accuracyInterval: [0.9, 0.93], clips: 400, confusion: labels.map((_, row) => labels.map((__, column) => (row === column ? 60 : 1))) },
  });
  await page.getByRole('link', { name: '1.1.0' }).click();
  await title('model 1.1.0');
  const fits = page.getByRole('table', { name: 'Which devices can run it' });
  await fits.getByText(/bytes of arena/).waitFor();
  await fits.getByText('tiny-board').waitFor();
  await page.getByRole('button', { name: 'Show mistakes' }).click();
  await page.getByRole('table', { name: 'What was taken for what' }).waitFor();
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download' }).click();
  assert.equal((await download).suggestedFilename(), 'model-1.1.0.tflite');
  await looksRight(page, 'artifact');
  await page.getByRole('link', { name: 'Artifacts', exact: true }).last().click();
  await page.getByText('91.4 %').waitFor();
  await looksRight(page, 'artifacts');
});

test('two versions are compared, what differs is marked', async () => {
  await page.getByRole('link', { name: '1.1.0' }).click();
  await page.getByRole('combobox', { name: 'Compare with' }).click();
  await page.getByRole('option', { name: 'model 1.0.0' }).click();
  await title('model 1.0.0 and model 1.1.0');
  await page.locator('[data-label=added]').getByText('stop').waitFor();
  assert.equal(await page.locator('[data-label=removed]').count(), 0);
  const facts = page.getByRole('table', { name: 'Facts' });
  assert.match(await facts.getByRole('row', { name: /^Size/ }).textContent(), /\+/);
  assert.equal(await facts.getByRole('row', { name: /^Input/ }).getAttribute('data-differs'), 'false');
  assert.equal(await facts.getByRole('row', { name: /^Output/ }).getAttribute('data-differs'), 'true');
  assert.ok(await page.locator('[data-mark="+"]').count() > 0);
  await looksRight(page, 'artifact-compare');
});

test('what a release holds cannot be deleted, and says which one it is', async () => {
  const list = (await server.rest('GET', `${P}/artifacts?package=model`)).list;
  const used = list.find((a) => a.version === '1.0.0'), free = list.find((a) => a.version === '1.1.0');
  await server.rest('POST', `${P}/releases`, { artifactIds: [used.id], releaseTags: [awkward] });
  await page.go(`/p/default/artifacts/${used.id}`);
  await page.getByRole('link', { name: awkward }).waitFor();
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByText(`Releases use it: ${awkward}`).waitFor();
  await page.go(`/p/default/artifacts/${free.id}`);
  await title('model 1.1.0');
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByText('Devices that run it go on with it').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await title('Artifacts');
  assert.deepEqual(await stored(), ['firmware 3.0.0', 'model 1.0.0']);
});

test('what is not there says so', async () => {
  await page.go('/p/default/artifacts/000000000000000000000000');
  await page.getByText('This artifact is not there').waitFor();
  await page.go('/p/default/artifacts/compare/000000000000000000000000/111111111111111111111111');
  await page.getByText('One of these artifacts is not there').waitFor();
});

test('a viewer looks, and is told whom to ask for more', async () => {
  const viewer = await openAs(server, 'viewer');
  await viewer.goto(`${server.url}/#/p/default/artifacts`);
  const button = viewer.getByRole('button', { name: 'Upload an artifact' });
  await button.waitFor();
  assert.equal(await button.getAttribute('aria-disabled'), 'true');
  await button.hover();
  await viewer.getByText('Viewers cannot change anything').waitFor();
  await viewer.goto(`${server.url}/#/p/default/artifacts/new`);
  await viewer.getByText('Viewers cannot change anything').waitFor();
  assert.equal(await viewer.getByTestId('dropzone').count(), 0);
  await viewer.end();
});
