// SPDX-License-Identifier: Apache-2.0
// Reads an export while it comes: which file is where, and whether it is whole.
import { ApiError, apiUrl, type Query } from '../../api/client';

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

export interface Received {
  files: number;
  bytes: number;
  /** Captures there are to come, at most. */
  total: number;
}

export async function fetchArchive(path: string, query: Query, onReceived: (received: Received) => void, signal: AbortSignal): Promise<Blob> {
  const response = await fetch(apiUrl(path, query), { signal, credentials: 'same-origin' });
  if (!response.ok || !response.body) {
    const text = await response.text();
    let message = `the server answered with status ${response.status}`;
    try {
      message = (JSON.parse(text) as { message: string }).message;
    } catch {
      /* a proxy's page, say */
    }
    throw new ApiError(response.status, message, undefined, [], undefined);
  }
  const total = Number(response.headers.get('x-total-count') ?? 0);
  const reader = response.body.getReader();
  const counter = new TarCounter();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
      bytes += value.length;
      counter.push(value);
      onReceived({ files: counter.files, bytes, total });
    }
  } catch (error) {
    if (signal.aborted) throw error;
    throw new ApiError(0, 'The connection ended before the archive did: what came is thrown away. Try again.', undefined, [], undefined);
  }
  return new Blob(parts, { type: 'application/x-tar' });
}
