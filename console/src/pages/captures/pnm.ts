// SPDX-License-Identifier: Apache-2.0
// PBM, PGM and PPM: what small cameras send and browsers do not know.
const PIXELS_MAX = 16 * 1024 * 1024;

interface Header {
  kind: number;
  width: number;
  height: number;
  max: number;
  at: number;
}

/** "P5 96 96 255", with comments and any white space between. */
function readHeader(bytes: Uint8Array): Header {
  const kind = (bytes[1] ?? 0) - 48;
  const count = kind === 1 || kind === 4 ? 2 : 3;
  const numbers: number[] = [];
  let at = 2;
  while (numbers.length < count && at < bytes.length) {
    const char = String.fromCharCode(bytes[at]!);
    if (char === '#') while (at < bytes.length && bytes[at] !== 10) at++;
    else if (/\d/.test(char)) {
      let value = 0;
      for (; at < bytes.length && /\d/.test(String.fromCharCode(bytes[at]!)); at++) value = Math.min(value * 10 + bytes[at]! - 48, PIXELS_MAX + 1);
      numbers.push(value);
      continue;
    } else if (!/\s/.test(char)) break;
    at++;
  }
  const [width = 0, height = 0, max = 1] = numbers;
  return { kind, width, height, max, at: at + 1 };
}

function plainSamples(bytes: Uint8Array, header: Header): (index: number) => number {
  const text = new TextDecoder('latin1').decode(bytes.subarray(header.at - 1)).replace(/#.*/g, '');
  const values = header.kind === 1 ? [...text.replace(/\s/g, '')].map((c) => (c === '1' ? 0 : 1)) : text.trim().split(/\s+/).map(Number);
  return (index) => values[index] ?? 0;
}

function rawSamples(bytes: Uint8Array, header: Header): (index: number) => number {
  const { kind, width, max, at } = header;
  if (kind === 4) {
    const row = Math.ceil(width / 8);
    return (index) => {
      const x = index % width, y = Math.floor(index / width);
      return ((bytes[at + y * row + (x >> 3)] ?? 0) >> (7 - (x & 7))) & 1 ? 0 : 1;
    };
  }
  return max > 255 ? (index) => (bytes[at + 2 * index] ?? 0) * 256 + (bytes[at + 2 * index + 1] ?? 0) : (index) => bytes[at + index] ?? 0;
}

export function pnmToImage(buffer: ArrayBuffer): ImageData {
  const bytes = new Uint8Array(buffer);
  const header = readHeader(bytes);
  const { kind, width, height, max } = header;
  if (bytes[0] !== 0x50 || kind < 1 || kind > 6 || width < 1 || height < 1 || max < 1 || width * height > PIXELS_MAX) {
    throw new Error('this is no picture that can be shown');
  }
  const sample = kind <= 3 ? plainSamples(bytes, header) : rawSamples(bytes, header);
  const channels = kind % 3 === 0 ? 3 : 1;
  const scale = 255 / (kind % 3 === 1 ? 1 : max);
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = sample(channels === 3 ? 3 * i + c : i) * scale;
    image.data[4 * i + 3] = 255;
  }
  return image;
}
