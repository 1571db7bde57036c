// SPDX-License-Identifier: Apache-2.0
// Behind a proxy and below a path, as many run it: everything is found, live
// events come through, links and cookies fit.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { closeBrowser, openPage, startServer, until } from './harness.mjs';

const prefix = '/tools/godwit';
let server, proxy, page, origin;

/** Takes the prefix away and passes the rest on, as it comes. */
function passOn(request, response) {
  if (!request.url.startsWith(`${prefix}/`)) {
    response.writeHead(404).end('another program');
    return;
  }
  const onward = http.request({ host: '127.0.0.1', port: server.port, method: request.method,
    path: request.url.slice(prefix.length), headers: { ...request.headers, host: `localhost:${server.port}` } }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  onward.on('error', () => response.destroy());
  response.on('close', () => onward.destroy());
  request.pipe(onward);
}

before(async () => {
  proxy = http.createServer(passOn);
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${proxy.address().port}`;
  server = await startServer('--public-url', `${origin}${prefix}`);
  page = await openPage(server);
});
after(async () => {
  await page?.end();
  await closeBrowser();
  proxy?.closeAllConnections();
  proxy?.close();
  await server?.close();
});

test('the first link leads through the proxy, and signs in', async () => {
  assert.ok(server.link.startsWith(`${origin}${prefix}/#/link/`), server.link);
  await page.goto(server.link);
  await page.waitForURL(/#\/account/);
  assert.ok(page.url().startsWith(`${origin}${prefix}/`), page.url());
});

test('pages, pictures and live events come from below the prefix only', async () => {
  const elsewhere = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(`${origin}${prefix}/`) && !request.url().startsWith('data:')) elsewhere.push(request.url());
  });
  await page.goto(`${origin}${prefix}/#/p/default/tags`);
  await page.getByText('Live', { exact: true }).waitFor();
  await server.rest('POST', '/v1/projects/default/tags', { name: 'from-elsewhere' });
  await page.getByText('from-elsewhere').waitFor();
  await page.reload();
  await page.getByText('from-elsewhere').waitFor();
  assert.deepEqual(elsewhere, []);
});

test('the documents of the API are found from below the prefix', async () => {
  await page.goto(`${origin}${prefix}/v1/docs`);
  await until('the API page', () => page.url().endsWith('#/api'));
  assert.ok(page.url().startsWith(`${origin}${prefix}/`), page.url());
});
