// SPDX-License-Identifier: Apache-2.0
// One device, live: a virtual one that runs the real thing.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { another, comeWithCertificate, haveCertificates, looksRight, openSignedIn, P } from './fleet_support.mjs';
import { closeBrowser, startServer, until } from './harness.mjs';

let server, page, device;
before(async () => {
  server = await startServer();
  ({ page } = await openSignedIn(server, { allow: [/status of (4\d\d|50[34])/, /ERR_CONNECTION|ERR_EMPTY|ERR_INCOMPLETE|ERR_NETWORK/] }));
});
after(async () => {
  await page?.context().close();
  await closeBrowser();
  await server?.close();
});
const open = (tab) => page.getByRole('tab', { name: tab, exact: true }).click();
const header = (text) => page.getByText(text, { exact: true }).first().waitFor();

test('a virtual device is made with two clicks and comes online by itself', async () => {
  await page.go('/p/default/devices');
  await page.getByRole('button', { name: 'More ways to add a device' }).click();
  await page.getByRole('menuitem', { name: /A virtual device/ }).click();
  await page.waitForURL(/devices\/[0-9a-f]{24}/);
  device = /devices\/([0-9a-f]{24})/.exec(page.url())[1];
  await header('online');
  await page.getByText('virtual', { exact: true }).waitFor();
  await page.getByRole('region', { name: 'What it is' }).getByText('Tensor arena').waitFor();
});

test('it gets its first model in front of one’s eyes and hears what is said', async () => {
  const artifact = await server.artifact('yes_no', '1.0.0');
  await server.rest('POST', `${P}/releases`, { artifactIds: [artifact.id], rollout: true });
  const runs = page.getByRole('region', { name: 'What it runs' });
  await runs.getByText('1.0.0').first().waitFor();
  await until('idle', async () => (await runs.textContent()).includes('idle'));
  await page.getByRole('button', { name: 'yes', exact: true }).click();
  await page.getByTestId('heard').getByText(/It heard yes/).waitFor();
  await looksRight(page, 'device-overview');
});

test('the timeline tells it, newest first', async () => {
  await open('Timeline');
  await page.getByText('Updated to model 1.0.0').waitFor();
  await page.getByText('Came online').first().waitFor();
  await looksRight(page, 'device-timeline');
  await page.getByRole('group', { name: 'Show' }).getByText('Updates', { exact: true }).click();
  await page.getByText('Updated to model 1.0.0').waitFor({ state: 'detached' });
  await page.reload();
  await page.getByText('Came online').first().waitFor();
  assert.equal(await page.getByText('Updated to model 1.0.0').count(), 0, 'the filter outlives a refresh');
});

test('the log shows what comes, follows, pauses and filters', async () => {
  await open('Log');
  const log = page.getByRole('log');
  await until('live', async () => await log.getAttribute('data-live') === 'live');
  const say = (word) => server.rest('POST', `${P}/devices/${device}/rpc`, { method: 'say', params: [word], timeout: 15 });
  await say('no');
  const lines = log.locator('.gw-log-line');
  await until('a line', async () => await lines.count() > 0);
  await page.getByRole('button', { name: 'Pause' }).click();
  const before = await lines.count();
  await say('yes');
  await page.getByRole('button', { name: /Go on \(\d+\)/ }).waitFor();
  assert.equal(await lines.count(), before);
  await page.getByRole('button', { name: /Go on/ }).click();
  await until('what was held', async () => await lines.count() > before);
  await page.getByRole('searchbox', { name: 'Search in messages' }).fill('nothing has this');
  await page.getByText('No line fits these filters').waitFor();
  await page.getByRole('searchbox', { name: 'Search in messages' }).fill('');
  await until('all again', async () => await lines.count() > before);
  await looksRight(page, 'device-log');
});

test('state: a tree that follows, an editor by path, JSON checked beside the field', async () => {
  await open('State');
  const now = page.getByRole('region', { name: 'State now' });
  await now.getByRole('button', { name: 'Edit speech' }).waitFor();
  const value = page.getByLabel('Value');
  await page.getByLabel('Path').fill('desired/lamp');
  await page.getByText('Replace', { exact: true }).first().click();
  await value.fill('{"on": ');
  await page.getByRole('button', { name: 'Replace' }).click();
  await page.getByText('This is not JSON').waitFor();
  await value.fill('{"on": true}');
  await page.getByRole('button', { name: 'Replace' }).click();
  await now.getByRole('button', { name: 'Edit lamp' }).waitFor();
  // What the other side writes shows by itself.
  await server.rest('PATCH', `${P}/devices/${device}/data`, { desired: { colour: 'warm' } });
  await now.getByText('"warm"').waitFor();
  // Two who write to one value: the second is told, and decides.
  await now.getByRole('button', { name: 'Edit colour' }).click();
  await until('taken over', async () => await value.inputValue() === '"warm"');
  await value.fill('"green"');
  await server.rest('PUT', `${P}/devices/${device}/data/desired/colour`, 'cold');
  await now.getByText('"cold"').waitFor();
  await page.getByRole('button', { name: 'Replace' }).click();
  await page.getByText('Somebody else changed this meanwhile').waitFor();
  await page.getByRole('button', { name: 'Keep what I typed' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Replace' }).click();
  await now.getByText('"green"').waitFor();
  await looksRight(page, 'device-state');
  await value.fill('{"on": false');
  await page.reload();
  assert.equal(await page.getByLabel('Value').inputValue(), '{"on": false', 'what was typed outlives a refresh');
});

test('calls: answers with their time; parameters that are no list are told beside the field', async () => {
  await open('Calls');
  await page.getByLabel('Parameters').fill('{"a": 1}');
  await page.getByRole('button', { name: 'Call', exact: true }).click();
  await page.getByText('A list in square brackets').waitFor();
  await page.getByLabel('Parameters').fill('["no"]');
  await page.getByRole('button', { name: 'Call', exact: true }).click();
  await page.getByRole('article', { name: 'Call of say' }).getByText('success').waitFor();
  await page.getByRole('textbox', { name: 'Method' }).fill('no_such_method');
  await page.getByRole('button', { name: 'Call', exact: true }).click();
  const second = page.getByRole('article', { name: 'Call of no_such_method' });
  await second.getByText(/ ms/).waitFor();
  await page.reload();
  await second.waitFor();
  await looksRight(page, 'device-calls');
});

test('the monitor shows updates and logs of all devices', async () => {
  await page.go('/p/default/monitor');
  await page.getByRole('row').filter({ hasText: 'updated' }).first().waitFor();
  await looksRight(page, 'monitor-updates');
  await page.getByLabel('Failures only').click();
  await page.getByText(/No failure among/).waitFor();
  await page.getByLabel('Failures only').click();
  const artifact = await server.artifact('yes_no_stop_go', '1.1.0');
  await server.rest('POST', `${P}/releases`, { artifactIds: [artifact.id], rollout: true });
  await page.getByRole('row').filter({ hasText: '1.1.0' }).filter({ hasText: 'updated' }).first().waitFor();
  await page.getByRole('tab', { name: 'Logs' }).click();
  await until('lines', async () => await page.getByRole('log').locator('.gw-log-line').count() > 0);
  await page.getByRole('log').locator('.gw-log-device').first().waitFor();
  await looksRight(page, 'monitor-logs');
});

test('a download shows how far it is while it lasts', async () => {
  const other = await another(page);
  const event = { deviceId: device, package: 'model', version: '2.0.0', bytes: 420, size: 1000, percent: 42 };
  await other.route('**/live*', (route) => route.fulfill({ contentType: 'text/event-stream', body: `event: hello\ndata: {}\n\nevent: progress\ndata: ${JSON.stringify(event)}\n\n` }));
  await other.goto(`${server.url}/#/p/default/devices`);
  await other.getByText('downloading 2.0.0 · 42 %').waitFor();
  assert.equal(await other.getByRole('progressbar', { name: 'Download of model 2.0.0' }).getAttribute('aria-valuenow'), '42');
  await other.close();
});

test('an update that fails is said in words, wherever one looks', async () => {
  const answer = await server.rest('POST', `${P}/artifacts?package=model&version=9.9.9&forceBinary=true`, new Uint8Array(3000).fill(7));
  const release = (await server.rest('POST', `${P}/releases`, { artifactIds: [answer.data.id], rollout: true })).data;
  const failure = 'the device refused it or could not run it';
  await page.go('/p/default/monitor?failures=true');
  await page.getByRole('row').filter({ hasText: '9.9.9' }).getByText(failure).waitFor();
  await page.go('/p/default/devices');
  await page.getByRole('table', { name: 'Devices' }).getByText('failed', { exact: true }).waitFor();
  await looksRight(page, 'devices-one');
  await page.go(`/p/default/devices/${device}`);
  await page.getByRole('region', { name: 'What it runs' }).getByText(`9.9.9: ${failure}`).waitFor();
  await open('Timeline');
  await page.getByText(`model 9.9.9: ${failure}`).waitFor();
  await server.rest('PATCH', `${P}/releases/${release.id}`, { rollout: false });
});

test('a certificate that a device came with is shown, and revoked', { skip: !haveCertificates }, async () => {
  await comeWithCertificate(server, 'cellar');
  const cellar = (await server.rest('GET', `${P}/devices/cellar`)).data;
  await page.go(`/p/default/devices/${cellar.id}/credentials`);
  await page.getByText('No keys: it comes with a certificate').waitFor();
  await looksRight(page, 'device-certificates');
  await page.getByRole('button', { name: /^Revoke \w{10,}/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await page.getByText('revoked', { exact: true }).waitFor();
  assert.ok(await page.getByRole('button', { name: 'Revoke all' }).isDisabled());
  await server.rest('DELETE', `${P}/devices/${cellar.id}`);
  await page.getByText('This device is not there').waitFor();
});

test('two browsers: a device that was changed meanwhile is not overwritten', async () => {
  await page.go(`/p/default/devices/${device}`);
  const other = await another(page);
  await other.goto(`${server.url}/#/p/default/devices/${device}`);
  const form = (p) => p.getByRole('region', { name: 'Name and groups' });
  await form(page).getByLabel('Name').fill('mine');
  await form(other).getByLabel('Name').fill('theirs');
  await form(other).getByRole('button', { name: 'Save' }).click();
  await other.getByRole('heading', { name: 'theirs', level: 1 }).waitFor();
  await page.bringToFront(); // one behind another is drawn seldom
  await page.getByRole('heading', { name: 'theirs', level: 1 }).waitFor();
  assert.equal(await form(page).getByLabel('Name').inputValue(), 'mine', 'what is typed stays');
  await form(page).getByRole('button', { name: 'Save' }).click();
  await page.getByText('Somebody else changed this meanwhile').waitFor();
  await page.getByRole('button', { name: 'Show me the newest' }).click();
  await until('the newest', async () => await form(page).getByLabel('Name').inputValue() === 'theirs');
  await other.close();
});

test('a server that dies is told; all heals when it is back, and nothing typed is lost', async () => {
  const form = page.getByRole('region', { name: 'Name and groups' });
  await form.getByLabel('Name').fill('typed before');
  const { data, port, key } = server;
  await server.stop('SIGKILL');
  await page.getByTestId('lost').waitFor();
  server = await startServer({ data, port, key });
  await page.getByTestId('lost').waitFor({ state: 'detached' });
  await header('online');
  assert.equal(await form.getByLabel('Name').inputValue(), 'typed before');
  await form.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('heading', { name: 'typed before', level: 1 }).waitFor();
});

test('a disabled device says so, a call to it says why nothing comes back; deleted it is gone', async () => {
  await page.getByRole('switch', { name: 'Enabled' }).click();
  await page.getByText('it is not let in, and gets no updates').waitFor();
  await header('offline');
  await open('Calls');
  await page.getByRole('button', { name: 'Call', exact: true }).click();
  await page.getByText('The device is offline; it was not told anything').waitFor();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('heading', { name: 'Devices', level: 1 }).waitFor();
  await page.getByText('No devices yet').waitFor();
  await page.go(`/p/default/devices/${device}`);
  await page.getByText('This device is not there').waitFor();
});

test('nothing was wrong in the browser', () => page.expectClean());
