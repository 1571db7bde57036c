// SPDX-License-Identifier: Apache-2.0
// Captures for tests: a device that sends real recordings and pictures.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { P } from './fleet_support.mjs';
import { godwit } from './harness.mjs';

const run = promisify(execFile);
const RATE = 16_000;

/** One second of a tone, as 16-bit mono WAV. */
export function tone(hertz, seconds = 1) {
  const count = Math.round(RATE * seconds);
  const wav = Buffer.alloc(44 + 2 * count);
  wav.write('RIFF', 0);
  wav.writeUInt32LE(36 + 2 * count, 4);
  wav.write('WAVEfmt ', 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(RATE, 24);
  wav.writeUInt32LE(2 * RATE, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write('data', 36);
  wav.writeUInt32LE(2 * count, 40);
  for (let i = 0; i < count; i++) wav.writeInt16LE(Math.round(12000 * Math.sin((2 * Math.PI * hertz * i) / RATE)), 44 + 2 * i);
  return wav;
}
/** A grey ramp of 16 × 16 pixels, as cameras without a library send it. */
export function ramp() {
  return Buffer.concat([Buffer.from('P5 16 16 255\n'), Buffer.from(Array.from({ length: 256 }, (_, i) => i))]);
}

/** A device with a key, and how to send a file as it. */
export async function makeDevice(server, name) {
  const credential = (await server.rest('POST', `${P}/provisioning`, { name })).data;
  const folder = mkdtempSync(join(tmpdir(), 'godwit-upload-'));
  const send = async (example, bytes) => {
    const file = join(folder, 'file');
    writeFileSync(file, bytes);
    await run(join(dirname(godwit), example), [credential.identity, credential.preSharedKey, file, '127.0.0.1', String(server.coapPort)], { timeout: 60_000 });
  };
  return {
    id: credential.deviceId,
    sendAudio: (bytes) => send('upload_audio', bytes),
    sendImage: (bytes) => send('upload_image', bytes),
    sendJson: (path, value) => server.rest('POST', `${P}/devices/${credential.deviceId}/stream/${path}`, value),
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A box to choose or type in, whichever of its two roles it has. */
export function box(page, name) {
  return page.getByRole('combobox', { name, exact: true }).or(page.getByRole('textbox', { name, exact: true }));
}
export async function choose(page, name, option) {
  await box(page, name).click();
  await page.getByRole('option', { name: option, exact: true }).click();
}
