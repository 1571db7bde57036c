// SPDX-License-Identifier: Apache-2.0
// A real server on an empty folder, a real Chromium in front of it. Each test
// file starts its own; pictures go to build/screenshots.
import { spawn } from 'node:child_process';
import { mkdtempSync, mkdirSync, readFileSync, rmSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

const here = dirname(fileURLToPath(import.meta.url));
export const root = join(here, '..', '..');
export const godwit = process.env.GODWIT_BIN ?? join(root, 'build/release/bin/godwit');
export const models = join(root, 'examples/micro_speech/models');
const screenshots = process.env.GODWIT_SCREENSHOTS ?? join(root, 'build/screenshots');
const axeSource = readFileSync(join(here, '../node_modules/axe-core/axe.min.js'), 'utf8');
/** Sanitized servers on a busy machine are slow. */
export const patience = Number(process.env.GODWIT_PATIENCE_MS ?? 30_000);

/** Starts `godwit server`; what it prints as JSON lines is awaited by event name. */
export async function startServer(...options) {
  const reused = typeof options[0] === 'object' ? options.shift() : {};
  const data = reused.data ?? mkdtempSync(join(tmpdir(), 'godwit-console-'));
  const child = spawn(godwit, ['server', '--data', data, '--coap-port', '0', '--coap-bind', '127.0.0.1',
    '--http-port', String(reused.port ?? 0), '--json-log', ...options], { stdio: ['ignore', 'pipe', 'pipe'] });
  const events = {};
  const log = [];
  child.stderr.on('data', (text) => log.push(String(text)));
  const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  const ready = new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      let event;
      try { event = JSON.parse(line); } catch { return; }
      events[event.event] = event;
      if (event.event === 'ready') resolve();
    });
    ended.then((how) => reject(new Error(`the server ended before it was ready: ${JSON.stringify(how)}\n${log.join('')}`)));
  });
  await ready;
  const server = {
    child, data, events, log, ended,
    url: events.listening.http, port: events.listening.httpPort, coapPort: events.listening.coapPort,
    key: events.apiKey?.key ?? reused.key,
    link: events.signInLink?.url,
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      return ended;
    },
    async close() {
      child.kill('SIGTERM');
      const how = await ended;
      rmSync(data, { recursive: true, force: true });
      assert.equal(how.code, 0, `the server ended with ${JSON.stringify(how)}:\n${log.join('')}`);
    },
    /** REST with the first API key: for what a test needs to be there. */
    async rest(method, path, body, headers = {}) {
      const raw = body instanceof Uint8Array;
      const response = await fetch(`${server.url}${path}`, {
        method,
        headers: { 'x-api-key': server.key, ...(body === undefined ? {} : { 'content-type': raw ? 'application/octet-stream' : 'application/json' }), ...headers },
        body: body === undefined ? undefined : raw ? body : JSON.stringify(body),
      });
      const text = await response.text();
      assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
      return text === '' ? undefined : JSON.parse(text);
    },
    artifact(name, version, packageName = 'model') {
      return server.rest('POST', `/v1/projects/default/artifacts?package=${packageName}&version=${version}`,
        readFileSync(join(models, `${name}.tflite`))).then((answer) => answer.data);
    },
  };
  return server;
}

let browser;
export async function openBrowser() {
  browser ??= await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--autoplay-policy=no-user-gesture-required'],
  });
  return browser;
}
export async function closeBrowser() {
  await browser?.close();
  browser = undefined;
}

/** A page whose console must stay clean: any error or policy violation fails
 * the test when it ends (check with page.expectClean()). `allow`: patterns of
 * errors that the test provokes. */
export async function openPage(server, options = {}) {
  const { allow = [], ...contextOptions } = options;
  const context = await (await openBrowser()).newContext({ viewport: { width: 1280, height: 850 }, locale: 'en-GB', reducedMotion: 'reduce', ...contextOptions });
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  const faults = [];
  page.on('pageerror', (error) => faults.push(`exception: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' || /Content Security Policy/i.test(message.text())) faults.push(message.text());
  });
  page.expectClean = () => {
    const bad = faults.filter((fault) => !allow.some((pattern) => pattern.test(fault)));
    assert.deepEqual(bad, [], 'the browser console has errors');
  };
  page.go = (hash) => page.goto(`${server.url}/#${hash}`);
  page.end = async () => {
    page.expectClean();
    await context.close();
  };
  return page;
}

/** Opens the first admin's link and sets a password: as every operator begins. */
export async function signInFirst(page, server, { email = 'ada@example.org', password = 'correct horse battery' } = {}) {
  assert.ok(server.link, 'the server printed no sign-in link');
  await page.goto(server.link);
  await page.waitForURL(/#\/account/);
  const session = await page.evaluate(async () => (await (await fetch('v1/session')).json()).data);
  const answer = await page.evaluate(async ([token, body]) => {
    const response = await fetch('v1/account', { method: 'PATCH', headers: { 'content-type': 'application/json', 'x-csrf-token': token }, body: JSON.stringify(body) });
    return response.status;
  }, [session.csrfToken, { email, name: 'Ada', password }]);
  assert.equal(answer, 200);
  await page.reload();
  return { email, password };
}

export async function screenshot(page, name) {
  mkdirSync(screenshots, { recursive: true });
  await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true });
}

/** No fault of the classes that keep people out; `scope`: a selector, of a
 * dialog say, behind which the rest is out of reach. */
export async function checkAccessible(page, where, scope) {
  // Injected by the debugger, which the page's policy does not bind. It does bind
  // what preloading would do with a style sheet in a shadow tree.
  await page.evaluate(axeSource);
  const result = await page.evaluate(async (selector) => await window.axe.run(selector ?? document, { resultTypes: ['violations'], preload: false }), scope);
  const bad = result.violations.filter((v) => v.impact === 'serious' || v.impact === 'critical')
    .map((v) => `${v.id} (${v.impact}): ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(' | ')}`);
  assert.deepEqual(bad, [], `accessibility of ${where}`);
}

/** Polls until `probe` gives something true. */
export async function until(what, probe, timeout = patience) {
  const end = Date.now() + timeout;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > end) throw new Error(`timed out: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
export { existsSync };
