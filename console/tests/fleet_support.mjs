// SPDX-License-Identifier: Apache-2.0
// What the tests of the fleet's pages share.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkAccessible, openPage, screenshot, signInFirst, until } from './harness.mjs';

export const P = '/v1/projects/default';
/** Markup, right-to-left, four-byte characters, and long without a gap. */
export const awkward = '<b onload=alert(1)>كلب🐕';

export async function openSignedIn(server, options) {
  const page = await openPage(server, options);
  const account = await signInFirst(page, server);
  if (process.env.GODWIT_PATIENCE) page.setDefaultTimeout(Number(process.env.GODWIT_PATIENCE));
  return { page, account };
}

/** Somebody with a role, signed in by the link of an invitation. */
export async function openAs(server, role, options) {
  const member = (await server.rest('POST', '/v1/organizations/default/members', { email: `${role}@example.org`, name: role, role })).data;
  assert.ok(member.link, 'an invitation has a link');
  const page = await openPage(server, options);
  await page.goto(member.link.replace(/^https?:\/\/[^/]+/, server.url));
  await page.waitForURL(/#\/account/);
  return page;
}

export const haveCertificates = ['openssl', 'coap-client-openssl'].every((program) => spawnSync('which', [program]).status === 0);

/** A device that makes itself: it comes with a certificate of a CA that the
 * project trusts. */
export async function comeWithCertificate(server, name) {
  const run = (program, words) => {
    const result = spawnSync(program, words, { cwd: server.data, encoding: 'utf8' });
    assert.equal(result.status, 0, `${program} ${words.join(' ')}\n${result.stdout}${result.stderr}`);
  };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  run('openssl', ['req', '-x509', ...key, '-days', '30', '-subj', '/CN=Factory', '-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign', '-keyout', 'ca.key', '-out', 'ca.pem']);
  run('openssl', ['req', '-new', ...key, '-subj', `/O=default/CN=${name}`, '-keyout', 'device.key', '-out', 'device.csr']);
  run('openssl', ['x509', '-req', '-in', 'device.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '30', '-out', 'device.pem']);
  await server.rest('POST', `${P}/certificates`, { certFile: readFileSync(join(server.data, 'ca.pem')).toString('base64') });
  await server.rest('PATCH', '/v1/projects/default', { autoProvision: true });
  run('coap-client-openssl', ['-B', '5', '-m', 'get', '-A', '50', '-c', 'device.pem', '-j', 'device.key', '-R', 'dtls-cert.pem', `coaps://127.0.0.1:${server.coapPort}/.u/desired`]);
}

/** Another page of the same person. */
export async function another(page) {
  const next = await page.context().newPage();
  next.setDefaultTimeout(30_000);
  return next;
}

async function noSidewaysScrolling(page, where) {
  let widths;
  const fits = async () => {
    widths = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
    return widths[0] <= widths[1];
  };
  // The page is laid out anew a moment after its size has changed.
  await until('the phone layout', fits, 3_000).catch(() => assert.fail(`${where}: the page is ${widths[0]} wide on a screen of ${widths[1]}`));
}

/** The page as people get it: accessible in light and dark, and on a phone. */
export async function looksRight(page, name, { dialog = false } = {}) {
  for (const scheme of ['dark', 'light']) {
    // A dialog is in front of the button: as if another window had chosen.
    if (dialog) await page.evaluate((s) => window.dispatchEvent(new StorageEvent('storage', { key: 'mantine-color-scheme-value', newValue: s, storageArea: localStorage })), scheme);
    else await page.getByRole('button', { name: `${scheme} colours` }).click().catch(() => undefined);
    await page.mouse.move(0, 0);
    await until(`${scheme} colours`, () => page.evaluate((s) => document.documentElement.dataset.mantineColorScheme === s, scheme));
    await checkAccessible(page, `${name}, ${scheme}`, dialog ? '[role=dialog]' : undefined);
    await screenshot(page, scheme === 'light' ? name : `${name}-dark`);
  }
  const size = page.viewportSize();
  await page.mouse.move(1, 1); // off the button, whose tooltip would stay
  await page.setViewportSize({ width: 390, height: 844 });
  await noSidewaysScrolling(page, name);
  await screenshot(page, `${name}-phone`);
  await page.setViewportSize(size);
}
