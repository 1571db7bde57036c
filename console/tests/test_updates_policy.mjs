// SPDX-License-Identifier: Apache-2.0
// What a release asks of devices, what goes over the air, and why it failed.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { looksRight, openSignedIn, P } from './fleet_support.mjs';
import { closeBrowser, startServer, until } from './harness.mjs';

let server, page, first, second, device;
const post = async (path, body) => (await server.rest('POST', `${P}/${path}`, body)).data;
const releaseOf = async (tag) => (await server.rest('GET', `${P}/releases`)).list.find((r) => r.releaseTags[0] === tag);
before(async () => {
  server = await startServer();
  ({ page } = await openSignedIn(server, { allow: [/Failed to load resource/] }));
  first = await server.artifact('yes_no', '1.0.0');
  device = await post('virtual-devices', { name: 'echo' });
  const release = await post('releases', { artifactIds: [first.id], releaseTags: ['base'], rollout: true });
  await until('it runs 1.0.0', async () => (await server.rest('GET', `${P}/releases/${release.id}/rollout`)).data.states.updated === 1);
  second = await server.artifact('yes_no_stop_go', '1.1.0');
});
after(async () => {
  page?.expectClean();
  await page?.context().close();
  await closeBrowser();
  await server?.close();
});
const title = (name) => page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
const tagRelease = async (tag) => {
  await page.getByLabel('Release tags').first().fill(tag);
  await page.keyboard.press('Enter');
};
const choose = (group, name) => page.getByRole('radiogroup', { name: group }).getByText(name, { exact: true }).click();

test('what devices shall do is chosen in words, shown at once, and outlives a refresh', async () => {
  await page.go('/p/default/releases/new');
  await page.getByRole('status', { name: 'Preview' }).getByText('1 gets it').waitFor();
  assert.equal(await page.getByTestId('spread').count(), 0, 'a handful of devices is not spread');
  await choose('Devices begin to download', 'Within …');
  await page.getByText('They begin within about 10 min, for 1 device.').waitFor();
  await page.getByRole('textbox', { name: 'Within' }).fill('90');
  await page.getByText('They begin within about 1 h 30 min, for 1 device.').waitFor();
  await page.getByLabel('Within: unit').selectOption('seconds');
  await page.getByText('They begin within about 1 min 30 s, for 1 device.').waitFor();
  await page.getByRole('switch', { name: 'Run it beside the active model first' }).check();
  await page.getByRole('textbox', { name: 'Answers compared' }).fill('200');
  await page.getByRole('textbox', { name: 'Same answer at least in' }).fill('92.5');
  await page.getByRole('switch', { name: 'Confirm it after a time in service' }).check();
  await tagRelease('careful');
  await page.reload();
  await page.getByText('They begin within about 1 min 30 s, for 1 device.').waitFor();
  assert.equal(await page.getByRole('textbox', { name: 'Answers compared' }).inputValue(), '200');
  await looksRight(page, 'release-policy');
  await page.getByRole('button', { name: 'Make the release' }).click();
  await title('careful');
  const { policy } = await releaseOf('careful');
  assert.deepEqual(policy, { spreadSeconds: 90, shadow: { windows: 200, seconds: null, agreement: 0.925, latency: null }, confirmSeconds: 3600 });
  await page.getByText('within 1 min 30 s').waitFor();
  await page.getByText('200 answers beside the active model, the same in 92.5 %').waitFor();
  await page.getByText('after 1 h in service').waitFor();
});

test('it is changed like the rest of a release, and taken away', async () => {
  const release = await releaseOf('careful');
  await page.go(`/p/default/releases/new?edit=${release.id}`);
  await title('Edit careful');
  assert.ok(await page.getByRole('switch', { name: 'Run it beside the active model first' }).isChecked());
  await choose('Shadow ends after', 'A time');
  await page.getByRole('switch', { name: 'Confirm it after a time in service' }).uncheck();
  await choose('Devices begin to download', 'At once');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('careful is saved.').waitFor();
  const { policy } = await releaseOf('careful');
  assert.deepEqual([policy.spreadSeconds, policy.confirmSeconds, policy.shadow.windows, policy.shadow.seconds], [0, null, null, 600]);
  await page.go(`/p/default/releases/new?edit=${release.id}`);
  await page.getByRole('switch', { name: 'Run it beside the active model first' }).uncheck();
  await choose('Devices begin to download', 'By their number');
  await page.getByRole('button', { name: 'Save' }).click();
  await title('careful');
  assert.equal((await releaseOf('careful')).policy.spreadSeconds, null);
  assert.equal((await releaseOf('careful')).policy.shadow, null);
});

test('an artifact shows what goes over the air, once it is rolled out', async () => {
  await page.go(`/p/default/artifacts/${second.id}`);
  await page.getByText('Shorter forms are made when a release with it is rolled out.').waitFor();
  const release = await releaseOf('careful');
  await server.rest('PATCH', `${P}/releases/${release.id}`, { rollout: true });
  const table = page.getByRole('table', { name: 'Bytes on the air' });
  await until('both forms', async () => {
    const { encodings } = (await server.rest('GET', `${P}/artifacts/${second.id}`)).data;
    return encodings.length === 2 && encodings.every((encoding) => encoding.state !== 'pending');
  });
  await page.reload();
  await table.getByRole('row', { name: /Whole/ }).waitFor();
  await table.getByRole('row', { name: /Compressed.*%/ }).waitFor();
  await table.getByRole('row', { name: /From 1\.0\.0.*%/ }).waitFor();
  await looksRight(page, 'artifact-encodings');
  await page.route(`**/artifacts/${second.id}`, async (route) => {
    const answer = await (await route.fetch()).json();
    answer.data.encodings = ['pending', 'notSmaller', 'failed', 'tooLarge'].map((state, n) => ({ encoding: 'delta', baseVersion: `0.${n}.0`, size: state === 'notSmaller' ? 28000 : null, percent: state === 'notSmaller' ? 99 : null, state }));
    await route.fulfill({ json: answer });
  });
  await page.reload();
  for (const text of ['is being made', 'hardly smaller: not offered', 'could not be made', 'too large for it']) await table.getByText(text).waitFor();
  await page.unrouteAll();
});

test('a failure says why and what to do, on the release, its devices and the device', async () => {
  const release = await releaseOf('careful');
  const failure = { reason: 'FIRMWARE_UPDATE_FAILED', reasonCode: 8, count: 3, details: [{ detail: 'TEST_OUTPUT', detailCode: 11, count: 2 }, { detail: 'NEW_ONE', detailCode: 31, count: 1 }] };
  await page.route(`**/releases/${release.id}/rollout`, async (route) => {
    const answer = await (await route.fetch()).json();
    Object.assign(answer.data, { targets: 3, failures: [failure], spreadSeconds: 200 });
    await route.fulfill({ json: answer });
  });
  const row = { deviceId: device.deviceId, deviceName: 'echo', status: 'online', state: 'failed', percent: null, reason: 'FIRMWARE_UPDATE_FAILED', detail: 'TEST_TIME', package: 'model', version: '1.0.0', target: '1.1.0', lastReport: null };
  await page.route(`**/releases/${release.id}/devices**`, (route) => route.fulfill({ json: { list: [row], page: 0, perPage: 20, total: 1 } }));
  await page.go(`/p/default/releases/${release.id}`);
  await page.reload();
  await page.getByText('2 devices: its self-test gave other outputs than expected. Run the self-test on your machine').waitFor();
  await page.getByText('1 device: new one.').waitFor(); // of a newer server: as it came
  await page.getByText('the update failed on the device: its self-test took too long').waitFor();
  await page.getByText('devices begin within 3 min 20 s').waitFor();
  await page.getByText('confirmed after, seconds: 3600 → 0').waitFor(); // its history
  await looksRight(page, 'release-failures');
  await page.unrouteAll();
  await page.route(`**/devices/${device.deviceId}`, async (route) => {
    const answer = await (await route.fetch()).json();
    Object.assign(answer.data.metadata.update.model, { state: 'IDLE', reason: 'FIRMWARE_UPDATE_FAILED', reasonCode: 8, detail: 'ARENA_TOO_SMALL', target: '1.1.0' });
    await route.fulfill({ json: answer });
  });
  await page.go(`/p/default/devices/${device.deviceId}`);
  await page.getByText(/its tensor arena is too small/).waitFor();
  await page.getByText('Make a smaller model, or firmware with a larger arena.').waitFor();
  await page.unrouteAll();
});
