// SPDX-License-Identifier: Apache-2.0
// The main job, from an empty folder to the rolled-back device, by clicks only:
// no page is loaded again after the sign-in, everything is seen as it happens.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { closeBrowser, models, openPage, screenshot, startServer, until } from './harness.mjs';

let server, page;
before(async () => {
  server = await startServer();
  page = await openPage(server);
});
after(async () => {
  await page?.context().close();
  await closeBrowser();
  await server?.close();
});

const open = (name) => page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name, exact: true }).click();
const title = (name) => page.getByRole('heading', { level: 1, name }).waitFor();

async function upload(file, version) {
  await open('Artifacts');
  await title('Artifacts');
  await page.getByRole('button', { name: 'Upload an artifact' }).click();
  await page.locator('input[type=file]').setInputFiles(join(models, file));
  await page.getByRole('heading', { name: 'Inputs and outputs' }).waitFor();
  assert.equal(await page.getByLabel('Version').inputValue(), version, 'the next version is suggested');
  await screenshot(page, `main-job-upload-${version}`);
  await page.getByRole('button', { name: 'Store it' }).click();
  await title(`model ${version}`);
}

async function release(tag) {
  await page.getByRole('button', { name: 'Release it' }).click();
  await title('New release');
  await page.getByRole('status', { name: 'Preview' }).getByText('1 gets it').waitFor();
  await page.getByLabel('Release tags').first().fill(tag);
  await page.keyboard.press('Enter');
  assert.ok(!(await page.getByRole('switch', { name: 'Start the rollout' }).isChecked()), 'a rollout is never started unasked');
  await page.getByRole('switch', { name: 'Start the rollout' }).check();
  await screenshot(page, `main-job-release-${tag}`);
  await page.getByRole('button', { name: 'Make it and roll out' }).click();
  await title(tag);
}

async function updated(tag) {
  await until(`${tag} is updated`, async () => await page.locator('[data-count=updated]').textContent() === '1');
  await page.getByText('100 % updated').waitFor();
  await screenshot(page, `main-job-updated-${tag}`);
}

test('from the first link to a password', async () => {
  await page.goto(server.link);
  await page.waitForURL(/#\/account/);
  await page.evaluate(() => { window.neverLoadedAgain = true; });
  await screenshot(page, 'main-job-account');
  await page.getByLabel('E-mail').first().fill('ada@example.org');
  await page.getByLabel(/^(New )?[Pp]assword/).first().fill('correct horse battery');
  await page.getByRole('button', { name: /Save|Set|Continue/ }).first().click();
  await until('a password is set', async () => (await page.evaluate(async () => (await (await fetch('v1/session')).json()).data)).account.hasPassword);
});

test('a virtual device comes online', async () => {
  await page.getByRole('link', { name: 'Godwit', exact: true }).click();
  await title('Overview');
  await page.getByRole('main').getByRole('link', { name: 'Get started' }).click();
  await page.getByRole('button', { name: 'Make a virtual device' }).click();
  await page.getByRole('main').getByText('online', { exact: true }).first().waitFor();
  await screenshot(page, 'main-job-device');
});

test('a first model goes out and is watched until the device runs it', async () => {
  await upload('yes_no.tflite', '1.0.0');
  await release('first');
  await updated('first');
});

test('a second one, with two words more', async () => {
  await upload('yes_no_stop_go.tflite', '1.1.0');
  await release('second');
  await updated('second');
  await open('Overview');
  await page.locator('[data-rollout]').first().getByText('1 device updated').waitFor();
  await screenshot(page, 'main-job-overview');
});

test('rolled back: the device is on the first version again', async () => {
  await open('Releases');
  await page.getByRole('button', { name: 'Roll back second' }).click();
  await page.getByRole('dialog').getByText('1 device goes back to first (model 1.0.0)').waitFor();
  await screenshot(page, 'main-job-roll-back');
  await page.getByRole('dialog').getByRole('button', { name: 'Roll back' }).click();
  await page.getByText('second is rolled back.').waitFor();
  await page.getByRole('link', { name: /^first:/ }).click();
  await updated('first');
  assert.equal((await page.getByRole('table', { name: 'Devices of the rollout' }).getByRole('row').nth(1).textContent()).includes('1.0.0'), true);
  await screenshot(page, 'main-job-rolled-back');
  assert.ok(await page.evaluate(() => window.neverLoadedAgain), 'a page was loaded again');
  page.expectClean();
});
