// SPDX-License-Identifier: Apache-2.0
// The pictures of the documents, from a real server with virtual devices:
//   ./dev build && build/deps/node/bin/node console/scripts/pictures.mjs
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { closeBrowser, openPage, root, signInFirst, startServer, until } from '../tests/harness.mjs';

const folder = join(root, 'docs/images');
mkdirSync(folder, { recursive: true });
const p = '/v1/projects/default';

const server = await startServer();
const page = await openPage(server, { viewport: { width: 1180, height: 720 } });
await signInFirst(page, server);

const rest = (method, path, body) => server.rest(method, `${p}/${path}`, body).then((answer) => answer?.data);
const tag = await rest('POST', 'tags', { name: 'beta' });
const devices = [];
for (const name of ['kitchen', 'hall', 'garden', 'porch', 'attic', 'cellar']) {
  devices.push(await rest('POST', 'virtual-devices', { name }));
}
const first = await server.artifact('yes_no', '1.0.0');
const release = await rest('POST', 'releases', { artifactIds: [first.id], releaseTags: ['two words'], rollout: true });
const all = (id, count) => until(`all run ${id}`, async () => (await rest('GET', `releases/${id}/rollout`)).states.updated === count, 60_000);
await all(release.id, devices.length);
const second = await server.artifact('yes_no_stop_go', '1.1.0');
for (const device of devices.slice(0, 4)) await rest('PATCH', `devices/${device.deviceId}`, { addTagId: [tag.id] });
const next = await rest('POST', 'releases', { artifactIds: [second.id], deviceTagIds: [tag.id], releaseTags: ['four words'], rollout: true });
await all(next.id, 4);

async function picture(path, name, ready) {
  await page.go(path);
  await ready();
  await page.waitForLoadState('networkidle').catch(() => undefined);
  await page.mouse.move(600, 5);
  await page.waitForTimeout(600); // charts draw themselves
  await page.screenshot({ path: join(folder, `${name}.png`) });
}
await picture(`/p/default/releases/${next.id}`, 'release', () => page.getByText('100 % updated').waitFor());
await picture('/p/default/releases', 'releases', () => page.getByText('two words').first().waitFor());
await page.setViewportSize({ width: 1180, height: 980 });
await picture(`/p/default/devices/${devices[0].deviceId}`, 'device', async () => {
  await page.getByRole('button', { name: 'stop', exact: true }).click();
  await page.getByText('It heard').waitFor();
});
await page.end();
await closeBrowser();
await server.close();
