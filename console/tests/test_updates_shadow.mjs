// SPDX-License-Identifier: Apache-2.0
// A release whose model runs beside the old one first: what the page says of it,
// with a real device that hears real words.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { looksRight, openSignedIn, P } from './fleet_support.mjs';
import { closeBrowser, startServer, until } from './harness.mjs';

let server, page, device, release;
const post = async (path, body) => (await server.rest('POST', `${P}/${path}`, body)).data;
const runs = async () => (await server.rest('GET', `${P}/devices/${device}`)).data.metadata?.update?.model?.version
  ?? (await server.rest('GET', `${P}/releases/${release.id}/devices`)).list[0]?.version;
before(async () => {
  server = await startServer();
  ({ page } = await openSignedIn(server));
  const first = await server.artifact('yes_no', '1.0.0'), second = await server.artifact('yes_no_stop_go', '1.1.0');
  await post('settings', { key: 'SPEECH_EVERY_S', value: 2, dataType: 'integer' });
  device = (await post('virtual-devices', { name: 'kitchen' })).deviceId;
  release = await post('releases', { artifactIds: [first.id], rollout: true });
  await until('the first model is at work', async () => (await runs()) === '1.0.0');
  release = await post('releases', { artifactIds: [second.id], rollout: true, policy: { spreadSeconds: 0, shadow: { windows: 150, agreement: 0.2 } } });
});
after(async () => {
  page?.expectClean();
  await page?.context().close();
  await closeBrowser();
  await server?.close();
});
const panel = () => page.getByRole('region', { name: 'Side by side' });

test('a release that asks for it says that no device has compared yet, then how both did', async () => {
  await page.go(`/p/default/releases/${release.id}`);
  await panel().waitFor();
  await panel().getByText('on 1 it took over').waitFor();
  const agreement = await page.getByTestId('agreement').textContent();
  assert.match(agreement, /^\d+\.\d % agree$/);
  await panel().getByText('model 1.1.0').waitFor();
  await panel().getByRole('img', { name: /How long an inference took: 1\.0\.0 .* on average, 1\.1\.0/ }).waitFor();
  await panel().getByText('asked for: the same in 20.0 %').waitFor();
  assert.equal(await panel().getByText('of 150 windows').count(), 1);
  await looksRight(page, 'release-shadow');
});

test('a release that does not ask for it has no such panel', async () => {
  const artifact = await server.artifact('yes_no', '1.0.1');
  const plain = await post('releases', { artifactIds: [artifact.id] });
  await page.go(`/p/default/releases/${plain.id}`);
  await page.getByText('The rollout is off').waitFor();
  assert.equal(await panel().count(), 0);
});
