// SPDX-License-Identifier: Apache-2.0
// Signing in: the first link, a password, a second step, throttling, a session
// that ends while somebody works.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { another, looksRight, openSignedIn, P } from './fleet_support.mjs';
import { checkAccessible, closeBrowser, openPage, screenshot, startServer, until } from './harness.mjs';

let server, page;
const email = 'ada@example.org';
const password = 'correct horse battery';
const refused = [/400/, /401/, /403/, /429/];
before(async () => {
  server = await startServer();
});
after(async () => {
  await closeBrowser();
  await server?.close();
});

function base32(text) {
  const bits = [...text.replace(/[\s=]/g, '')].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  return Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
}
/** RFC 6238, `ahead` steps of 30 s from now. */
function totp(secret, ahead = 0) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + ahead));
  const mac = createHmac('sha1', base32(secret)).update(counter).digest();
  const at = mac.at(-1) & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}
/** Labels of needed boxes end in a star; what a browser fills in does not. */
const passwordOf = (where, kind = 'current-password') => where.locator(`form input[autocomplete="${kind}"]`);
const signIn = async (where, fields = { email, password }) => {
  await where.getByRole('textbox', { name: 'E-mail' }).fill(fields.email);
  await passwordOf(where).fill(fields.password);
  await where.getByRole('button', { name: 'Sign in' }).click();
};
const overview = (where = page) => where.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();

test('before anybody has a password, the sign-in page says where the link is', async () => {
  page = await openPage(server, { allow: refused });
  await page.go('/');
  await page.getByText('Nobody has a password yet').waitFor();
  await page.getByRole('button', { name: 'Lost your password?' }).click();
  await page.getByText('godwit server --new-link').waitFor();
  await checkAccessible(page, 'sign-in');
  await screenshot(page, 'sign-in');
});

test('the first link leads to a password', async () => {
  await page.goto(server.link);
  await page.getByRole('heading', { name: 'Welcome to Godwit' }).waitFor();
  await page.getByLabel('Your name').fill('Ada');
  await page.getByRole('textbox', { name: 'E-mail' }).fill(email);
  await passwordOf(page, 'new-password').fill('short');
  await page.getByRole('button', { name: 'Save and go on' }).click();
  await page.getByText(/At least 10 characters: 5 more/).waitFor();
  await checkAccessible(page, 'welcome');
  await screenshot(page, 'welcome');
  await passwordOf(page, 'new-password').fill(password);
  await page.getByRole('button', { name: 'Save and go on' }).click();
  await overview();
});

test('a link works once', async () => {
  const stranger = await openPage(server, { allow: refused });
  await stranger.goto(server.link);
  await stranger.getByRole('alert').waitFor();
  await stranger.getByText('Each link works once').waitFor();
  await stranger.end();
});

test('signing out, and in again; a wrong password says so', async () => {
  await page.getByRole('button', { name: 'Account', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in to Godwit' }).waitFor();
  await signIn(page, { email, password: 'something else' });
  await until('told', async () => /\w/.test(await page.getByRole('alert').last().textContent() ?? ''));
  await signIn(page);
  await overview();
});

test('a session that ends while one works keeps what is typed', async () => {
  await page.go('/account');
  await page.getByLabel('Name', { exact: true }).fill('Ada Lovelace');
  const sessions = await page.evaluate(async () => (await (await fetch('v1/account/sessions')).json()).list);
  await page.evaluate(async (id) => {
    const session = (await (await fetch('v1/session')).json()).data;
    await fetch(`v1/account/sessions/${id}`, { method: 'DELETE', headers: { 'x-csrf-token': session.csrfToken } });
  }, sessions.find((s) => s.current).id);
  await page.getByRole('region', { name: 'Profile' }).getByRole('button', { name: 'Save' }).click();
  const dialog = page.getByRole('dialog', { name: 'Sign in again' });
  await dialog.waitFor();
  await checkAccessible(page, 'sign in again');
  await screenshot(page, 'sign-in-again');
  await passwordOf(dialog).fill(password);
  await dialog.getByRole('button', { name: 'Sign in' }).click();
  await dialog.waitFor({ state: 'detached' });
  // The click that found the session gone goes on by itself.
  await page.getByText('Saved.').waitFor();
  assert.equal(await page.getByLabel('Name', { exact: true }).inputValue(), 'Ada Lovelace');
});

test('a tab whose token another tab made stale goes on', async () => {
  await page.go('/account');
  await page.getByLabel('Name', { exact: true }).fill('Ada');
  const other = await another(page);
  await other.goto(`${server.url}/#/account`);
  const status = await other.evaluate(async (body) => (await fetch('v1/session', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })).status, { email, password });
  assert.equal(status, 200);
  await page.getByRole('region', { name: 'Profile' }).getByRole('button', { name: 'Save' }).click();
  await until('it is kept', async () => (await other.evaluate(async () => (await (await fetch('v1/account')).json()).data.name)) === 'Ada');
  await other.close();
});

test('the account page looks right', async () => {
  await page.go('/account');
  await page.getByText('Where you are signed in').waitFor();
  await page.getByText('this one').waitFor();
  await looksRight(page, 'account');
});

let secret, codes;
test('two steps are set up with a code, and recovery codes are shown once', async () => {
  await page.getByRole('button', { name: 'Set up…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Two-step verification' });
  // Whoever finds the browser open does not know it.
  await passwordOf(dialog).fill(password);
  await dialog.getByRole('button', { name: 'Go on' }).click();
  secret = (await dialog.locator('[data-secret="totp"]').textContent()).replace(/\s/g, '');
  await dialog.getByRole('img', { name: /QR code/ }).waitFor();
  await checkAccessible(page, 'two steps');
  await screenshot(page, 'account-totp');
  await dialog.locator('input').first().click();
  await page.keyboard.type(totp(secret) === '000000' ? '000001' : '000000');
  await until('a wrong code is refused', async () => /\w/.test(await dialog.getByRole('alert').textContent() ?? ''));
  await dialog.locator('input').first().click();
  await page.keyboard.type(totp(secret));
  await dialog.getByText('Keep these ten codes').waitFor();
  codes = await dialog.locator('[data-secret="recovery"] > *').allTextContents();
  assert.equal(codes.length, 10);
  await screenshot(page, 'account-recovery');
  await dialog.getByRole('button', { name: 'I have kept them' }).click();
  await page.getByRole('button', { name: 'Switch off…' }).waitFor();
});

test('signing in then asks for the code; a recovery code does once', async () => {
  const other = await openPage(server, { allow: refused });
  await other.go('/');
  await signIn(other);
  await passwordOf(other, 'one-time-code').fill('not a code');
  await other.getByRole('button', { name: 'Sign in' }).click();
  await other.getByText('That code is not right', { exact: false }).waitFor();
  await passwordOf(other, 'one-time-code').fill(codes[0]);
  await other.getByRole('button', { name: 'Sign in' }).click();
  await overview(other);
  await page.reload();
  await page.getByRole('button', { name: /^Sign out (everywhere|Chrome)/ }).first().click();
  await until('one session is left', async () => await page.locator('[data-session]').count() === 1);
  await other.reload();
  await other.getByRole('heading', { name: 'Sign in to Godwit' }).waitFor();
  await other.end();
});

test('the password opens the way back from two steps', async () => {
  await page.getByRole('button', { name: 'Switch off…' }).click();
  const dialog = page.getByRole('dialog');
  await passwordOf(dialog).fill('wrong password');
  await dialog.getByRole('button', { name: 'Switch off' }).click();
  await until('refused', async () => /\w/.test(await dialog.locator('.mantine-InputWrapper-error').textContent().catch(() => '') ?? '')
    || await page.getByText('That did not work').count() > 0);
  await passwordOf(dialog).fill(password);
  await dialog.getByRole('button', { name: 'Switch off' }).click();
  await page.getByText('Two-step verification is off.').waitFor();
});

test('who guesses has to wait, and sees how long', async () => {
  const guesser = await openPage(server, { allow: refused });
  await guesser.go('/');
  const waiting = guesser.getByRole('button', { name: /Try again in/ });
  for (let guess = 0; guess < 12 && await waiting.count() === 0; guess++) {
    const answered = guesser.waitForResponse(/v1\/session$/);
    await signIn(guesser, { email: 'grace@example.org', password: `guess number ${guess}` });
    await answered;
    await guesser.getByRole('button', { name: /Sign in|Try again in/ }).waitFor();
  }
  await waiting.waitFor();
  await guesser.getByText('Too many attempts').waitFor();
  assert.equal(await waiting.isDisabled(), true);
  await screenshot(guesser, 'sign-in-throttled');
  await guesser.end();
  await page.end();
});
