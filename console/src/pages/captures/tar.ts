// SPDX-License-Identifier: Apache-2.0
const BLOCK = 512;

/** Counts the files of a tar by its headers; the bytes between are skipped. */
export class TarCounter {
  files = 0;
  private readonly header = new Uint8Array(BLOCK);
  private filled = 0;
  private skip = 0;

  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      const take = Math.min(bytes.length - at, this.skip > 0 ? this.skip : BLOCK - this.filled);
      if (this.skip > 0) this.skip -= take;
      else this.fill(bytes.subarray(at, at + take));
      at += take;
    }
  }
  private fill(part: Uint8Array): void {
    this.header.set(part, this.filled);
    this.filled += part.length;
    if (this.filled < BLOCK) return;
    this.filled = 0;
    if (this.header[0] === 0) return; // the two empty blocks at the end
    const size = parseInt(String.fromCharCode(...this.header.subarray(124, 135)).trim(), 8) || 0;
    this.skip = Math.ceil(size / BLOCK) * BLOCK;
    this.files += 1;
  }
}
