// SPDX-License-Identifier: Apache-2.0
// What the pages of updates reckon by themselves: versions, differences, the
// picture of a graph, and where a rollback leads, held against the server.
import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createServer } from 'vite';
import { P } from './fleet_support.mjs';
import { startServer } from './harness.mjs';

let vite, versions, values, diff, graph, fallback;
before(async () => {
  const root = join(dirname(fileURLToPath(import.meta.url)), '..');
  vite = await createServer({ root, configFile: false, logLevel: 'error', server: { middlewareMode: true, watch: null, ws: false }, optimizeDeps: { noDiscovery: true } });
  const page = (path) => vite.ssrLoadModule(`/src/${path}`);
  [versions, values, diff, graph, fallback] = await Promise.all([
    page('pages/artifacts/versions.ts'), page('components/values.tsx'), page('pages/artifacts/layer-diff.ts'),
    page('pages/artifacts/graph-layout.ts'), page('pages/releases/fallback.ts')]);
});
after(() => vite?.close());

const SEED = Number(process.env.GODWIT_SEED ?? 20261122);
function random(seed) {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

test('versions are taken and refused as the server does', async () => {
  const server = await startServer();
  const cases = ['1.0.0', '0.0.0', '1.2.3-rc.1', '1.2.3-0a', '1.2.3+build.7', '10.20.30', '1.0', '1', '01.0.0', '1.0.0-', '1.0.0-01', 'v1.0.0', '1.0.0 ', '1..0', '1.0.0-alpha.123456', 'x'];
  const packages = ['model', 'a', 'a.b_c-d+e', '0123456789abcdef', '0123456789abcdefg', 'Model', 'mo del', 'modèle', 'a/b'];
  const taken = async (name, version) => (await fetch(`${server.url}${P}/artifacts?package=${encodeURIComponent(name)}&version=${encodeURIComponent(version)}&forceBinary=true`,
    { method: 'POST', headers: { 'x-api-key': server.key, 'content-type': 'application/octet-stream' }, body: 'bytes' })).ok;
  try {
    for (const version of cases) assert.equal(versions.versionProblem(version) === null, await taken('case', version), `version "${version}"`);
    for (const name of packages) assert.equal(versions.packageProblem(name) === null, await taken(name, '1.0.0'), `package "${name}"`);
  } finally {
    await server.close();
  }
});

test('the next version comes after the highest one, not the last one', () => {
  assert.equal(versions.nextVersion([]), '1.0.0');
  assert.equal(versions.nextVersion(['1.9.0', '1.10.0', '1.2.0']), '1.11.0');
  assert.equal(versions.nextVersion(['2.0.0-rc.1', '1.4.2']), '2.1.0');
});

test('versions are ordered as semver.org says', () => {
  const ordered = ['1.0.0-alpha', '1.0.0-alpha.1', '1.0.0-alpha.beta', '1.0.0-beta', '1.0.0-beta.2', '1.0.0-beta.11', '1.0.0-rc.1', '1.0.0', '1.0.1', '1.10.0', '2.0.0'];
  ordered.forEach((a, i) => ordered.forEach((b, j) => assert.equal(Math.sign(values.compareVersions(a, b)), Math.sign(i - j), `${a} and ${b}`)));
});

test('a difference of layers rebuilds both sides and keeps all that is common', () => {
  const next = random(SEED);
  const common = (a, b) => a.length && b.length ? (a[0] === b[0] ? 1 + common(a.slice(1), b.slice(1)) : Math.max(common(a.slice(1), b), common(a, b.slice(1)))) : 0;
  for (let round = 0; round < 200; round++) {
    const list = () => Array.from({ length: next(8) }, () => 'ABC'[next(3)]);
    const [a, b] = [list(), list()];
    const lines = diff.diffLines(a, b);
    const side = (other) => lines.filter((line) => line.mark !== other).map((line) => line.text);
    assert.deepEqual(side('+'), a, `seed ${SEED}, round ${round}`);
    assert.deepEqual(side('-'), b, `seed ${SEED}, round ${round}`);
    assert.equal(lines.filter((line) => line.mark === ' ').length, common(a, b), `seed ${SEED}, round ${round}`);
  }
});

test('in the picture of a graph each layer stands below what it reads, alone in its place', () => {
  const next = random(SEED + 1);
  for (let round = 0; round < 100; round++) {
    // Tensor numbers may be anything: missing ones, constants, those of later layers.
    const layers = Array.from({ length: next(12) }, (_, index) => ({ index, op: 'X', inputs: Array.from({ length: next(4) }, () => next(20) - 1), outputs: [next(20)], shape: [] }));
    const { nodes, edges, columns, rows } = graph.layOut(layers);
    assert.equal(nodes.length, layers.length);
    assert.equal(new Set(nodes.map((n) => `${n.row}/${n.column}`)).size, nodes.length, `seed ${SEED}, round ${round}`);
    for (const { from, to } of edges) assert.ok(nodes[from].row < nodes[to].row, `seed ${SEED}, round ${round}`);
    for (const node of nodes) assert.ok(node.row < rows && node.column < columns);
  }
  assert.deepEqual(graph.layOut([]).nodes, []);
});

test('where a rollback leads is what the server then does', async () => {
  const server = await startServer();
  const next = random(SEED + 2);
  const post = async (path, body) => (await server.rest('POST', `${P}/${path}`, body)).data;
  const some = (list) => list.filter(() => next(3) === 0);
  try {
    const tags = [], blueprints = [];
    for (const name of ['red', 'green', 'blue']) tags.push((await post('tags', { name })).id);
    for (const name of ['small', 'large']) blueprints.push((await post('blueprints', { name })).id);
    const artifacts = new Map();
    for (const [n, blueprintId] of ['', '', '', blueprints[0]].entries()) {
      const artifact = (await server.rest('POST', `${P}/artifacts?package=model&version=1.${n}.0&forceBinary=true&blueprintId=${blueprintId}`, new TextEncoder().encode(`bytes ${n}`))).data;
      artifacts.set(artifact.id, artifact);
    }
    const ids = [...artifacts.keys()];
    for (let n = 0; n < 24; n++) await post('devices', { name: `d${n}`, tagIds: some(tags), ...(next(3) > 0 ? { blueprintId: blueprints[next(2)] } : {}) });
    const devices = (await server.rest('GET', `${P}/devices`)).list;
    for (let n = 0; n < 10; n++) {
      const at = next(4);
      await post('releases', { artifactIds: [ids[at]], deviceTagIds: some(tags), rollout: next(5) > 0, ...(at < 3 && next(2) ? { blueprintId: blueprints[next(2)] } : {}) });
    }
    const winners = async () => {
      const found = new Map();
      for (const release of (await server.rest('GET', `${P}/releases`)).list) {
        for (const row of (await server.rest('GET', `${P}/releases/${release.id}/devices`)).list) found.set(row.deviceId, release.id);
      }
      return found;
    };
    for (let round = 0; round < 6; round++) {
      const releases = (await server.rest('GET', `${P}/releases`)).list;
      const before = await winners();
      const active = releases.filter((r) => r.rollout && [...before.values()].includes(r.id));
      if (active.length === 0) break;
      const off = active[next(active.length)];
      const mine = devices.filter((d) => before.get(d.id) === off.id);
      const { list, complete } = fallback.successors(off, releases, artifacts);
      const expected = fallback.share(mine, list, artifacts);
      await server.rest('PATCH', `${P}/releases/${off.id}`, { rollout: false });
      const now = await winners();
      const really = new Map();
      for (const device of mine) really.set(now.get(device.id) ?? '', (really.get(now.get(device.id) ?? '') ?? 0) + 1);
      assert.deepEqual(Object.fromEntries(expected), Object.fromEntries(really), `seed ${SEED}, round ${round}`);
      if (complete) assert.ok(!really.has(''), `seed ${SEED}, round ${round}: a release that fits them all was promised`);
    }
  } finally {
    await server.close();
  }
});
