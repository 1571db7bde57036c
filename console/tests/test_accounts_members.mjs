// SPDX-License-Identifier: Apache-2.0
// People: invited by a link, given a role, removed; organisations and projects.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { box, choose } from './data_support.mjs';
import { awkward, looksRight, openSignedIn } from './fleet_support.mjs';
import { closeBrowser, openPage, screenshot, startServer, until } from './harness.mjs';

let server, page, grace, link;
before(async () => {
  server = await startServer();
  ({ page } = await openSignedIn(server, { allow: [/400/, /409/] }));
});
after(async () => {
  await closeBrowser();
  await server?.close();
});
const dialog = () => page.getByRole('dialog');
const row = (text) => page.getByRole('table', { name: 'Members' }).getByRole('row').filter({ hasText: text });
const act = async (email, item) => {
  await page.getByRole('button', { name: `Actions for ${email}` }).click();
  await page.getByRole('menuitem', { name: item }).click();
};

test('somebody is invited by a link that is shown once', async () => {
  await page.go('/p/default/settings/members');
  await page.getByRole('button', { name: 'Invite' }).click();
  await dialog().locator('input[type=email]').fill('no address');
  await dialog().getByRole('button', { name: 'Make the link' }).click();
  await dialog().getByText('An e-mail address, such as').waitFor();
  await dialog().locator('input[type=email]').fill('grace@example.org');
  await box(dialog(), 'Name').fill(awkward);
  await choose(page, 'Role', 'Viewer: sees everything');
  await dialog().getByRole('button', { name: 'Make the link' }).click();
  link = await dialog().locator('[data-secret="Link"]').textContent();
  assert.match(link, /#\/link\//);
  await screenshot(page, 'members-link');
  await dialog().getByRole('button', { name: 'Done' }).click();
  await row('grace@example.org').getByText('invited').waitFor();
  await row(awkward).getByText('viewer').waitFor();
  await looksRight(page, 'settings-members');
});

test('the invited chooses a password and sees the project', async () => {
  grace = await openPage(server, { allow: [/401/, /403/] });
  await grace.goto(link.replace(/^https?:\/\/[^/]+/, server.url));
  await grace.getByRole('heading', { name: 'Welcome to Godwit' }).waitFor();
  assert.equal(await grace.getByRole('textbox', { name: 'E-mail' }).inputValue(), 'grace@example.org');
  await grace.locator('input[autocomplete="new-password"]').fill('another good password');
  await grace.getByRole('button', { name: 'Save and go on' }).click();
  await grace.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
  await grace.go('/account');
  await grace.getByRole('region', { name: 'What you may do' }).getByText('viewer').waitFor();
  await grace.getByRole('link', { name: 'Organisations and projects' }).click();
  await grace.getByRole('region', { name: 'default' }).getByRole('link', { name: 'default' }).waitFor();
  for (const name of ['New organisation', 'New project', 'Rename']) assert.equal(await grace.getByRole('button', { name }).count(), 0, name);
});

test('the same address is refused beside its field', async () => {
  await page.getByRole('button', { name: 'Invite' }).click();
  await dialog().locator('input[type=email]').fill('grace@example.org');
  await dialog().getByRole('button', { name: 'Make the link' }).click();
  await dialog().locator('.mantine-InputWrapper-error').waitFor();
  await page.keyboard.press('Escape');
  await dialog().waitFor({ state: 'detached' });
});

test('a new role holds at once', async () => {
  await act('grace@example.org', 'Change role…');
  await choose(page, 'Role', 'Operator: also changes devices and rolls out');
  await dialog().getByRole('button', { name: 'Save' }).click();
  await row('grace@example.org').getByText('operator').waitFor();
});

test('a lost password is answered by a new link, which replaces nothing until it is used', async () => {
  await act('grace@example.org', 'Link for a lost password');
  const fresh = await dialog().locator('[data-secret="Link"]').textContent();
  assert.notEqual(fresh, link);
  await dialog().getByRole('button', { name: 'Done' }).click();
  const lost = await openPage(server, { allow: [/401/] });
  await lost.goto(fresh.replace(/^https?:\/\/[^/]+/, server.url));
  await lost.getByText('You came by a link').waitFor();
  await lost.locator('form input[autocomplete="new-password"]').fill('a third good password');
  await lost.getByRole('button', { name: 'Change password' }).click();
  await lost.getByText('Your password is changed').waitFor();
  await lost.end();
});

test('who is removed is out', async () => {
  await act('grace@example.org', 'Remove…');
  await dialog().getByText('They may do nothing here any more').waitFor();
  await dialog().getByRole('button', { name: 'Delete' }).click();
  await row('grace@example.org').waitFor({ state: 'detached' });
  const status = await grace.evaluate(async () => (await fetch('v1/projects/default/devices')).status);
  assert.ok([401, 403, 404].includes(status), `grace still reads: ${status}`);
  await grace.context().close();
});

test('a link signs in anew where somebody else is signed in', async () => {
  const links = [];
  for (const email of ['mary@example.org', 'katherine@example.org']) {
    links.push((await server.rest('POST', '/v1/organizations/default/members', { email, role: 'viewer' })).data.link.replace(/^https?:\/\/[^/]+/, server.url));
  }
  const shared = await openPage(server);
  await shared.goto(links[0]);
  await until('mary is welcome', async () => await shared.locator('input[type=email]').inputValue() === 'mary@example.org');
  await shared.goto(links[1]);
  await until('katherine is welcome', async () => await shared.locator('input[type=email]').inputValue() === 'katherine@example.org');
  await shared.end();
});

test('organisations and projects are made and renamed', async () => {
  await page.go('/organizations');
  await page.getByRole('button', { name: 'New organisation' }).click();
  await dialog().getByRole('button', { name: 'Create' }).click();
  await dialog().getByText('It needs a name').waitFor();
  await dialog().locator('input').first().fill('Birds');
  await dialog().getByRole('button', { name: 'Create' }).click();
  const card = page.getByRole('region', { name: 'Birds' });
  await card.getByRole('button', { name: 'Rename' }).click();
  await dialog().locator('input').first().fill('Waders');
  await dialog().getByRole('button', { name: 'Rename' }).click();
  const renamed = page.getByRole('region', { name: 'Waders' });
  await renamed.getByRole('button', { name: 'New project' }).click();
  await dialog().locator('input').first().fill('Marsh watch');
  await dialog().getByText('NAME@marsh-watch').waitFor();
  await dialog().getByRole('button', { name: 'Create' }).click();
  await page.getByRole('heading', { name: 'Get started', level: 1 }).waitFor();
  await until('the address names it', () => /p\/marsh-watch\/start/.test(page.url()));
  await page.go('/organizations');
  await renamed.getByRole('link', { name: 'Marsh watch' }).waitFor();
  await looksRight(page, 'organizations');
  await page.end();
});
