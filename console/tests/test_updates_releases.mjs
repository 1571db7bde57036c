// SPDX-License-Identifier: Apache-2.0
// Releases: who gets them, before and while they do; rolling back; two editors.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { another, awkward, looksRight, openAs, openSignedIn, P } from './fleet_support.mjs';
import { checkAccessible, closeBrowser, screenshot, startServer, until } from './harness.mjs';

let server, page, first, second, binary, beta, kitchen, small;
const post = async (path, body) => (await server.rest('POST', `${P}/${path}`, body)).data;
before(async () => {
  server = await startServer();
  ({ page } = await openSignedIn(server, { allow: [/Failed to load resource/] }));
});
after(async () => {
  page?.expectClean();
  await page?.context().close();
  await closeBrowser();
  await server?.close();
});
const title = (name) => page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
const preview = () => page.getByRole('status', { name: 'Preview' });
const rowOf = (name) => page.getByRole('table', { name: 'Releases' }).locator('tbody tr').filter({ has: page.getByRole('link', { name: `${name}:` }) });
const devices = () => page.getByRole('table', { name: 'Devices of the rollout' }).locator('tbody tr');
const choose = async (label, option) => {
  await page.getByRole('combobox', { name: label, exact: true }).click();
  await page.getByRole('option', { name: option, exact: true }).click();
};
const tagRelease = async (tag) => {
  await page.getByLabel('Release tags').first().fill(tag);
  await page.keyboard.press('Enter');
};

test('without artifacts the way to one is shown', async () => {
  await page.go('/p/default/releases');
  await page.getByText('No release yet').waitFor();
  await looksRight(page, 'releases-empty');
  await page.getByRole('link', { name: 'First upload an artifact' }).click();
  await title('New artifact');
  await page.go('/p/default/releases/new');
  await page.getByText('There is nothing to release yet').waitFor();
  await page.getByRole('button', { name: 'Make the release' }).click();
  await page.getByText('Choose at least one artifact.').waitFor();
});

test('who gets it is shown while it is put together, and survives a refresh', async () => {
  first = await server.artifact('yes_no', '1.0.0');
  second = await server.artifact('yes_no_stop_go', '1.1.0');
  beta = await post('tags', { name: 'beta' });
  kitchen = await post('tags', { name: 'kitchen' });
  small = await post('blueprints', { name: 'tiny-board', arenaBytes: 1000 });
  await post('devices', { name: awkward, tagIds: [beta.id, kitchen.id] });
  for (let n = 0; n < 24; n++) await post('devices', { name: `desk-${String(n).padStart(2, '0')}`, tagIds: n < 3 ? [beta.id] : [] });
  await page.go('/p/default/releases/new');
  await page.reload();
  await preview().getByText('25 get it').waitFor();
  await page.getByRole('button', { name: 'next page' }).click();
  await page.getByText('21–25 of 25').waitFor();
  await choose('Device tags', 'beta');
  await preview().getByText('4 get it').waitFor();
  await page.getByText('1–4 of 4').waitFor();
  await page.getByRole('option', { name: 'kitchen' }).click();
  await preview().getByText('1 gets it').waitFor();
  await page.keyboard.press('Escape');
  const row = page.getByRole('table', { name: 'Devices of this release' }).locator('tbody tr');
  assert.ok((await row.textContent()).includes(awkward), 'both tags are needed');
  assert.equal(await row.locator('b').count(), 0, 'a name is text, never markup');
  await tagRelease('spring');
  await page.reload();
  await preview().getByText('1 gets it').waitFor();
  assert.ok(await page.getByText('spring', { exact: true }).isVisible(), 'a draft outlives a refresh');
  await choose('Version of model', '1.0.0');
  await looksRight(page, 'release-new');
  await page.getByRole('button', { name: 'Make the release' }).click();
  await title('spring');
  await page.getByText('The rollout is off').waitFor();
  await preview().getByText('1 gets it').waitFor();
  const [release] = (await server.rest('GET', `${P}/releases`)).list;
  assert.deepEqual([release.rollout, release.artifactIds, release.deviceTagIds.length], [false, [first.id], 2]);
  await looksRight(page, 'release-off');
});

test('a release tag that is taken is told beside the field', async () => {
  await page.go('/p/default/releases/new');
  await preview().waitFor();
  await tagRelease('spring');
  await page.getByRole('button', { name: 'Make the release' }).click();
  await page.getByText('release already exists with same release tag').waitFor();
  await page.evaluate(() => sessionStorage.clear());
});

test('devices that cannot run it are named; it goes ahead only when somebody says so', async () => {
  await post('devices', { name: 'tiny-1', blueprintId: small.id });
  await page.go('/p/default/releases/new');
  await page.reload();
  await choose('Blueprint', 'tiny-board');
  await preview().getByText('1 cannot run it').waitFor();
  await page.getByText(/bytes of arena/).first().waitFor();
  await tagRelease('too much');
  await page.getByRole('switch', { name: 'Start the rollout' }).check();
  await page.getByRole('button', { name: 'Make it and roll out' }).click();
  const dialog = page.getByRole('dialog', { name: 'Some devices cannot run this' });
  await dialog.getByText(/tiny-1/).first().waitFor();
  assert.ok(await dialog.getByRole('button', { name: 'Do it anyway' }).isDisabled());
  await checkAccessible(page, 'the question of force');
  await screenshot(page, 'release-force');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  assert.equal((await server.rest('GET', `${P}/releases`)).total, 1);
  await page.getByRole('button', { name: 'Make it and roll out' }).click();
  await dialog.getByLabel('I know that these devices cannot run it').check();
  await dialog.getByRole('button', { name: 'Do it anyway' }).click();
  await title('too much');
  await until('one waits', async () => await page.locator('[data-count=waiting]').textContent() === '1');
});

test('the list: a column a package, arrows, the active one, who gets it', async () => {
  binary = (await server.rest('POST', `${P}/artifacts?package=firmware&version=3.0.0&forceBinary=true`, new TextEncoder().encode('firmware'))).data;
  await post('releases', { artifactIds: [first.id], releaseTags: ['base'], rollout: true, force: true });
  await post('releases', { artifactIds: [second.id, binary.id], releaseTags: ['summer', awkward], rollout: true, force: true });
  await page.go('/p/default/releases');
  await rowOf('summer').getByText('active').waitFor();
  await rowOf('base').getByText('replaced by a newer release').waitFor();
  await rowOf('spring').getByText('off', { exact: true }).waitFor();
  await rowOf('summer').getByRole('img', { name: 'up from 1.0.0' }).or(rowOf('summer').getByLabel('up from 1.0.0')).first().waitFor();
  await rowOf('base').getByLabel('down from 1.1.0').waitFor();
  assert.deepEqual(await page.getByRole('columnheader').allTextContents().then((all) => all.slice(0, 4)), ['Release', 'firmware', 'model', 'Rollout']);
  assert.match(await rowOf('spring').textContent(), /beta.*kitchen/);
  await looksRight(page, 'releases');
  await choose('Rollout', 'Rollout off');
  await until('one row', async () => await page.getByRole('table', { name: 'Releases' }).locator('tbody tr').count() === 1);
  await page.reload();
  await until('one row after a refresh', async () => await page.getByRole('table', { name: 'Releases' }).locator('tbody tr').count() === 1);
});

test('a rollback says where devices go, how many; and does it', async () => {
  await page.go('/p/default/releases');
  await page.getByRole('button', { name: 'Roll back summer' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('26 devices go back to base (model 1.0.0)').waitFor();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await dialog.waitFor({ state: 'hidden' });
  await page.getByRole('button', { name: 'Roll back summer' }).click();
  await dialog.getByRole('button', { name: 'Roll back' }).click();
  await page.getByText('summer is rolled back.').waitFor();
  await rowOf('base').getByText('active').waitFor();
  await page.getByRole('button', { name: 'Roll back base' }).click();
  await dialog.getByText('tiny-1').or(dialog.getByText(/1 device.*too much/)).first().waitFor();
  await dialog.getByText(/25 devices keep the version that they run/).waitFor();
  await checkAccessible(page, 'the rollback dialog');
  await screenshot(page, 'release-roll-back');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await dialog.waitFor({ state: 'hidden' });
  await page.getByRole('switch', { name: 'Rollout of summer' }).click({ force: true });
  await dialog.getByText('25 get it').waitFor();
  await dialog.getByRole('button', { name: 'Roll out' }).click();
  await page.getByRole('dialog', { name: 'Some devices cannot run this' }).getByLabel('I know that these').check();
  await page.getByRole('dialog', { name: 'Some devices cannot run this' }).getByRole('button', { name: 'Do it anyway' }).click();
  await rowOf('summer').getByText('active').waitFor();
});

test('a release is edited; whoever saves second is told, and starts from the newest', async () => {
  const release = (await server.rest('GET', `${P}/releases`)).list.find((r) => r.releaseTags[0] === 'spring');
  await page.go(`/p/default/releases/${release.id}`);
  await page.getByRole('button', { name: 'Edit' }).click();
  await title('Edit spring');
  await preview().getByText('1 runs it already').or(preview().getByText('gets')).first().waitFor();
  await page.getByRole('button', { name: 'Take model 1.0.0 out' }).click();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Choose at least one artifact.').waitFor();
  await choose('Add a package', 'model');
  await tagRelease('spring-2');
  await server.rest('PATCH', `${P}/releases/${release.id}`, { addReleaseTag: ['of-another'] });
  await page.reload();
  await page.getByText('spring-2', { exact: true }).waitFor(); // it outlives a refresh
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Somebody else changed this meanwhile').waitFor();
  await page.getByRole('button', { name: 'Show me the newest' }).click();
  await page.getByRole('main').getByText('of-another', { exact: true }).waitFor();
  assert.equal(await page.getByText('spring-2', { exact: true }).count(), 0);
  await tagRelease('spring-3');
  await looksRight(page, 'release-edit');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('spring is saved.').waitFor();
  const saved = (await server.rest('GET', `${P}/releases/${release.id}`)).data;
  assert.deepEqual([saved.releaseTags, saved.artifactIds, saved.sequenceNumber], [['spring', 'of-another', 'spring-3'], [first.id], release.sequenceNumber]);
});

test('the second of two editors is told', async () => {
  const release = (await server.rest('GET', `${P}/releases`)).list.find((r) => r.releaseTags[0] === 'spring');
  await page.go(`/p/default/releases/${release.id}`);
  await title('spring');
  await page.getByText('The rollout is off').waitFor();
  await page.getByRole('switch', { name: 'Rollout' }).click({ force: true });
  await page.getByRole('dialog').getByRole('status', { name: 'Preview' }).waitFor();
  const other = await another(page);
  await other.goto(`${server.url}/#/p/default/releases/${release.id}`);
  await other.getByRole('switch', { name: 'Rollout' }).click({ force: true });
  await other.getByRole('dialog').getByRole('button', { name: 'Roll out' }).click();
  await other.getByText('spring is being rolled out.').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Roll out' }).click();
  await page.getByText('Somebody else changed this meanwhile').waitFor();
  await page.getByRole('button', { name: 'Show me the newest' }).click();
  await page.getByText('Rollout is on').waitFor();
  await other.close();
});

test('each device is seen on its way, a failure with its reason', async () => {
  const { deviceId } = await post('virtual-devices', { name: 'echo' });
  const only = await post('tags', { name: 'echo-only' });
  await server.rest('PATCH', `${P}/devices/${deviceId}`, { addTagId: [only.id] });
  // No model at all, under the model's name: the device finds out and says so.
  const broken = (await server.rest('POST', `${P}/artifacts?package=model&version=1.2.0&forceBinary=true`, new TextEncoder().encode('no model'.repeat(500)))).data;
  const good = await post('releases', { artifactIds: [first.id], deviceTagIds: [only.id], releaseTags: ['good'], rollout: true });
  await page.go(`/p/default/releases/${good.id}`);
  await page.getByText('100 % updated').waitFor();
  const bad = await post('releases', { artifactIds: [broken.id], deviceTagIds: [only.id], releaseTags: ['broken'], rollout: true });
  await page.getByText('1 device fit').or(page.getByText('No device gets this release now.')).first().waitFor();
  await page.go(`/p/default/releases/${bad.id}`);
  await until('it failed', async () => await page.locator('[data-count=failed]').textContent() === '1');
  await page.getByText(/^1 device: /).first().waitFor();
  await page.locator('[data-detail]').filter({ hasText: 'its runtime cannot read the model' }).waitFor();
  await page.locator('button[data-state=failed]').click();
  await until('the failed one', async () => await devices().count() === 1);
  assert.match(page.url(), /state=failed/);
  await page.reload();
  await until('the failed one, again', async () => await devices().count() === 1);
  await devices().getByText('echo').waitFor();
  await page.getByRole('heading', { name: 'History' }).waitFor();
  await looksRight(page, 'release');
  await page.locator('button[data-state=updated]').click();
  await page.getByText('No device is like that now.').waitFor();
  await server.rest('DELETE', `${P}/virtual-devices/${deviceId}`);
});

test('a download shows how far it is, as the device goes', async () => {
  const live = 'event: hello\ndata: {"version":"0"}\n\nevent: progress\ndata: ';
  const release = (await server.rest('GET', `${P}/releases`)).list.find((r) => r.releaseTags[0] === 'good');
  const row = { deviceId: 'd1', deviceName: awkward, status: 'online', state: 'downloading', percent: 10, reason: 'READY', version: '0.9.0', target: '1.0.0', lastReport: null };
  await page.route(`**/releases/${release.id}/devices**`, (route) => route.fulfill({ json: { list: [row], page: 0, perPage: 20, total: 1 } }));
  await page.route('**/live', (route) => route.fulfill({ contentType: 'text/event-stream', body: `${live}${JSON.stringify({ deviceId: 'd1', package: 'model', version: '1.0.0', bytes: 4200, size: 10000, percent: 42.9 })}\n\n` }));
  await page.go(`/p/default/releases/${release.id}`);
  await page.reload();
  await devices().getByText('Downloading 42 %').waitFor();
  assert.equal(await page.getByRole('progressbar', { name: `Download of ${awkward}` }).getAttribute('aria-valuenow'), '42.9');
  await page.unrouteAll();
});

test('a release is deleted, its consequence told', async () => {
  const broken = (await server.rest('GET', `${P}/releases`)).list.find((r) => r.releaseTags[0] === 'broken');
  await page.go(`/p/default/releases/${broken.id}`);
  await title('broken');
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await page.getByRole('dialog').getByText('devices go back to the release before it').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await title('Releases');
  await page.getByText('broken is deleted.').waitFor();
  await page.go('/p/default/releases/000000000000000000000000');
  await page.getByText('This release is not there').waitFor();
});

test('a viewer sees it all and changes nothing', async () => {
  const viewer = await openAs(server, 'viewer');
  await viewer.goto(`${server.url}/#/p/default/releases`);
  await viewer.getByRole('table', { name: 'Releases' }).waitFor();
  assert.ok(await viewer.getByRole('switch', { name: 'Rollout of summer' }).isDisabled());
  assert.equal(await viewer.getByRole('button', { name: 'New release' }).getAttribute('aria-disabled'), 'true');
  assert.equal(await viewer.getByRole('button', { name: 'Roll back summer' }).getAttribute('aria-disabled'), 'true');
  await viewer.getByRole('link', { name: /^summer:/ }).click();
  await viewer.getByText('Rollout is on').waitFor();
  assert.equal(await viewer.getByRole('heading', { name: 'History' }).count(), 0);
  await viewer.goto(`${server.url}/#/p/default/releases/new`);
  await viewer.getByText('Viewers cannot change anything').waitFor();
  await viewer.end();
});
