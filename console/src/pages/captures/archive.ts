// SPDX-License-Identifier: Apache-2.0
// Reads an export while it comes: which file is where, and whether it is whole.
import { ApiError, apiUrl, type Query } from '../../api/client';
import { TarCounter } from './tar';

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
