// SPDX-License-Identifier: Apache-2.0
// CBOR (RFC 8949) as values that can be shown as JSON. Bytes come from devices:
// depth and length are bounded, and what makes no sense throws.
const DEPTH_MAX = 32;

class Reader {
  private at = 0;
  private readonly view: DataView;
  constructor(view: DataView) {
    this.view = view;
  }

  get done(): boolean {
    return this.at === this.view.byteLength;
  }
  private take(count: number): number {
    if (count > this.view.byteLength - this.at) throw new Error('the CBOR ends too early');
    this.at += count;
    return this.at - count;
  }
  private argument(info: number): number | bigint {
    if (info < 24) return info;
    if (info === 24) return this.view.getUint8(this.take(1));
    if (info === 25) return this.view.getUint16(this.take(2));
    if (info === 26) return this.view.getUint32(this.take(4));
    if (info !== 27) throw new Error('the CBOR is not well-formed');
    const value = this.view.getBigUint64(this.take(8));
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
  }
  private bytes(length: number): Uint8Array {
    const start = this.take(length);
    return new Uint8Array(this.view.buffer, this.view.byteOffset + start, length);
  }
  private isBreak(): boolean {
    if (this.at < this.view.byteLength && this.view.getUint8(this.at) === 0xff) {
      this.at += 1;
      return true;
    }
    return false;
  }
  private chunks(major: number, info: number): Uint8Array {
    if (info !== 31) return this.bytes(Number(this.argument(info)));
    const parts: number[] = [];
    while (!this.isBreak()) {
      const head = this.view.getUint8(this.take(1));
      if (head >> 5 !== major) throw new Error('the CBOR is not well-formed');
      for (const byte of this.bytes(Number(this.argument(head & 31)))) parts.push(byte);
    }
    return Uint8Array.from(parts);
  }
  private half(): number {
    const raw = this.view.getUint16(this.take(2));
    const exponent = (raw >> 10) & 31, fraction = raw & 1023, sign = raw >> 15 ? -1 : 1;
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
  }
  private simple(info: number): unknown {
    if (info === 20 || info === 21) return info === 21;
    if (info === 22 || info === 23) return null;
    if (info === 25) return this.half();
    if (info === 26) return this.view.getFloat32(this.take(4));
    if (info === 27) return this.view.getFloat64(this.take(8));
    return `simple(${this.argument(info)})`;
  }
  private *items(info: number): Generator<void> {
    if (info === 31) {
      while (!this.isBreak()) yield;
    } else {
      for (let left = Number(this.argument(info)); left > 0; left--) yield;
    }
  }
  value(depth = 0): unknown {
    if (depth > DEPTH_MAX) throw new Error('the CBOR is nested too deeply');
    const head = this.view.getUint8(this.take(1));
    const info = head & 31;
    switch (head >> 5) {
      case 0:
        return shown(this.argument(info));
      case 1: {
        const value = this.argument(info);
        return shown(typeof value === 'bigint' ? -1n - value : -1 - value);
      }
      case 2:
        return `h'${[...this.chunks(2, info)].map((b) => b.toString(16).padStart(2, '0')).join('')}'`;
      case 3:
        return new TextDecoder().decode(this.chunks(3, info));
      case 4: {
        const list: unknown[] = [];
        for (const _ of this.items(info)) list.push(this.value(depth + 1));
        return list;
      }
      case 5: {
        const entries: [string, unknown][] = [];
        for (const _ of this.items(info)) {
          const key = this.value(depth + 1);
          entries.push([typeof key === 'string' ? key : JSON.stringify(key), this.value(depth + 1)]);
        }
        return Object.fromEntries(entries);
      }
      case 6:
        this.argument(info); // a tag: what it is about counts here
        return this.value(depth + 1);
      default:
        return this.simple(info);
    }
  }
}

function shown(value: number | bigint): number | string {
  return typeof value === 'bigint' ? value.toString() : value;
}

/** One item, as it would be in JSON; byte strings as h'…'. */
export function cborToValue(bytes: ArrayBuffer): unknown {
  const reader = new Reader(new DataView(bytes));
  const value = reader.value();
  if (!reader.done) throw new Error('there is more behind the CBOR');
  return value;
}
