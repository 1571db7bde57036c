// SPDX-License-Identifier: Apache-2.0
// What the browser reads of bytes that strangers sent: CBOR, PNM, tar.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createServer } from 'vite';

let vite, cbor, pnm, tar;
before(async () => {
  const root = join(dirname(fileURLToPath(import.meta.url)), '..');
  vite = await createServer({ root, configFile: false, logLevel: 'error', server: { middlewareMode: true, watch: null, ws: false }, optimizeDeps: { noDiscovery: true } });
  cbor = await vite.ssrLoadModule('/src/pages/captures/cbor.ts');
  pnm = await vite.ssrLoadModule('/src/pages/captures/pnm.ts');
  tar = await vite.ssrLoadModule('/src/pages/captures/tar.ts');
  globalThis.ImageData ??= class {
    constructor(width, height) {
      Object.assign(this, { width, height, data: new Uint8ClampedArray(4 * width * height) });
    }
  };
});
after(() => vite?.close());
const bytesOf = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16)).buffer;
/** A generator of numbers that a seed repeats (xorshift). */
function random(seed) {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

test('the examples of RFC 8949 are read as they say', () => {
  const examples = [
    ['00', 0], ['17', 23], ['1818', 24], ['1903e8', 1000], ['1a000f4240', 1000000], ['1b000000e8d4a51000', 1000000000000],
    ['1bffffffffffffffff', '18446744073709551615'], ['20', -1], ['3863', -100], ['3bffffffffffffffff', '-18446744073709551616'],
    ['f93c00', 1], ['f93e00', 1.5], ['f97bff', 65504], ['f90001', 5.960464477539063e-8], ['f9c400', -4], ['fa47c35000', 100000], ['fb3ff199999999999a', 1.1],
    ['f97c00', Infinity], ['f4', false], ['f5', true], ['f6', null], ['f0', 'simple(16)'], ['c11a514b67b0', 1363896240],
    ['4401020304', "h'01020304'"], ['6449455446', 'IETF'], ['62c3bc', 'ü'], ['64f0908591', '𐅑'], ['80', []], ['83010203', [1, 2, 3]],
    ['a0', {}], ['a201020304', { 1: 2, 3: 4 }], ['a26161016162820203', { a: 1, b: [2, 3] }],
    ['5f42010243030405ff', "h'0102030405'"], ['7f657374726561646d696e67ff', 'streaming'], ['9f018202039f0405ffff', [1, [2, 3], [4, 5]]],
    ['bf61610161629f0203ffff', { a: 1, b: [2, 3] }],
  ];
  for (const [hex, value] of examples) assert.deepEqual(cbor.cborToValue(bytesOf(hex)), value, hex);
});

test('CBOR that makes no sense is told, and never waited for', () => {
  for (const hex of ['', '18', '61', '9f', 'bf61', '1c', 'ff', '0000', '5f6161ff', '9bffffffffffffffff', '5bffffffffffffffff', '81'.repeat(200) + '00']) {
    assert.throws(() => cbor.cborToValue(bytesOf(hex)), Error, hex);
  }
  const next = random(20261122);
  for (let round = 0; round < 20_000; round++) {
    const bytes = Uint8Array.from({ length: next(40) }, () => next(256));
    try {
      JSON.stringify(cbor.cborToValue(bytes.buffer));
    } catch (error) {
      assert.ok(error instanceof Error && !(error instanceof TypeError), `${Buffer.from(bytes).toString('hex')}: ${error}`);
    }
  }
});

test('a key of CBOR cannot reach into the page', () => {
  const value = cbor.cborToValue(bytesOf('a1695f5f70726f746f5f5fa1646576696cf5'));
  assert.deepEqual(Object.keys(value), ['__proto__']);
  assert.equal({}.evil, undefined);
});

test('all six kinds of PNM are drawn', () => {
  const draw = (...parts) => [...pnm.pnmToImage(Uint8Array.from(Buffer.concat(parts.map((p) => Buffer.from(p)))).buffer).data];
  const white = [255, 255, 255, 255], black = [0, 0, 0, 255];
  assert.deepEqual(draw('P1\n# comment\n2 1\n1 0\n'), [...black, ...white]);
  assert.deepEqual(draw('P2 2 1 10\n0 5\n'), [...black, 128, 128, 128, 255]);
  assert.deepEqual(draw('P3 1 1 255\n1 2 3\n'), [1, 2, 3, 255]);
  assert.deepEqual(draw('P4 2 1\n', [0b10000000]), [...black, ...white]);
  assert.deepEqual(draw('P5 2 1 255\n', [0, 255]), [...black, ...white]);
  assert.deepEqual(draw('P6 1 1 255\n', [9, 8, 7]), [9, 8, 7, 255]);
  assert.deepEqual(draw('P5 1 1 65535\n', [255, 255]), white);
});

test('a picture that ends too early is dark there, and nonsense is told', () => {
  assert.equal(pnm.pnmToImage(Uint8Array.from(Buffer.from('P5 4 4 255\n')).buffer).data.length, 64);
  for (const text of ['', 'P5', 'P7 1 1 1\n', 'P5 0 1 255\n', 'P5 99999999 99999999 255\n', 'P5 -1 1 255\n', 'GIF89a']) {
    assert.throws(() => pnm.pnmToImage(Uint8Array.from(Buffer.from(text)).buffer), /no picture/, text);
  }
});

test('files of a tar are counted, wherever its pieces are cut', () => {
  const folder = mkdtempSync(join(tmpdir(), 'godwit-tar-'));
  try {
    for (const [name, size] of [['empty', 0], ['block', 512], ['odd', 1337]]) writeFileSync(join(folder, name), 'x'.repeat(size));
    execFileSync('tar', ['--format=ustar', '-cf', 'all.tar', 'empty', 'block', 'odd'], { cwd: folder });
    const bytes = readFileSync(join(folder, 'all.tar'));
    for (const size of [1, 7, 511, 512, 513, 100_000]) {
      const counter = new tar.TarCounter();
      for (let at = 0; at < bytes.length; at += size) counter.push(bytes.subarray(at, at + size));
      assert.equal(counter.files, 3, `pieces of ${size}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
