// SPDX-License-Identifier: Apache-2.0
// Every request of the console goes through here: addresses relative to the
// page (any path prefix will do), the CSRF token, errors as one class.

/** What the server said was wrong; `status` 0: it could not be reached. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly field: string | undefined,
    readonly details: Record<string, unknown>[],
    readonly retryAfterS: number | undefined,
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

export type QueryValue = string | number | boolean | undefined | null | string[];
export type Query = Record<string, QueryValue>;

let csrfToken: string | null = null;
export function setCsrfToken(token: string | null): void {
  csrfToken = token;
}

/** Told of each answer and each failure to reach the server, for the banner. */
let reachableListener: (reachable: boolean) => void = () => undefined;
export function onReachable(listener: (reachable: boolean) => void): void {
  reachableListener = listener;
}
/** Asked when the server says that nobody is signed in any more. It may take as
 * long as a person needs to sign in again; true: the request is worth another try. */
let signInAgain: () => Promise<boolean> = () => Promise.resolve(false);
export function onSignedOut(listener: () => Promise<boolean>): void {
  signInAgain = listener;
}

export function apiUrl(path: string, query?: Query): string {
  const url = new URL(path.replace(/^\//, ''), new URL('.', document.baseURI.split('#')[0]!.split('?')[0]));
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === undefined || value === null || value === '') continue;
    if (Array.isArray(value) && value.length === 0) continue;
    url.searchParams.set(name, Array.isArray(value) ? value.join(',') : String(value));
  }
  return url.toString();
}

interface ErrorDocument {
  message?: string;
  details?: Record<string, unknown>[] | Record<string, unknown>;
}

function toError(status: number, text: string, retryAfter: string | null): ApiError {
  let document: ErrorDocument = {};
  try {
    document = JSON.parse(text) as ErrorDocument;
  } catch {
    /* a proxy's page, say */
  }
  const details = Array.isArray(document.details) ? document.details : document.details ? [document.details] : [];
  const field = details.map((d) => d['field']).find((f): f is string => typeof f === 'string');
  return new ApiError(
    status,
    document.message ?? `the server answered with status ${status}`,
    field,
    details,
    retryAfter === null ? undefined : Number(retryAfter),
  );
}

export interface RequestOptions {
  query?: Query;
  body?: unknown;
  ifMatch?: string | undefined;
  signal?: AbortSignal;
}
export interface Answer<T> {
  data: T;
  etag: string | undefined;
}

/** A tab where somebody signed in anew has made this one's token stale. */
async function tokenHasChanged(used: string | null): Promise<boolean> {
  const answer = await sendOnce<{ data: { csrfToken: string | null } }>('GET', 'v1/session', {});
  csrfToken = answer.data.data.csrfToken;
  return csrfToken !== null && csrfToken !== used;
}

/** Once more where the session was to blame. What waits for somebody to sign in
 * keeps its page: nothing typed is lost to a session's end. */
async function withSession<T>(method: string, path: string, attempt: () => Promise<T>): Promise<T> {
  const used = csrfToken;
  try {
    return await attempt();
  } catch (error) {
    if (!(error instanceof ApiError) || path.startsWith('v1/session')) throw error;
    const again =
      (error.status === 401 && (await signInAgain())) ||
      (error.status === 403 && method !== 'GET' && (await tokenHasChanged(used)));
    if (!again) throw error;
    return attempt();
  }
}

export function send<T>(method: string, path: string, options: RequestOptions = {}): Promise<Answer<T>> {
  return withSession(method, path, () => sendOnce<T>(method, path, options));
}

async function sendOnce<T>(method: string, path: string, options: RequestOptions): Promise<Answer<T>> {
  const headers: Record<string, string> = { accept: 'application/json' };
  const init: RequestInit = { method, headers, credentials: 'same-origin' };
  if (options.signal) init.signal = options.signal;
  if (options.body !== undefined) {
    headers['content-type'] = 'application/json';
    init.body = JSON.stringify(options.body);
  }
  if (method !== 'GET' && csrfToken !== null) headers['x-csrf-token'] = csrfToken;
  if (options.ifMatch !== undefined) headers['if-match'] = options.ifMatch;
  let response: Response;
  try {
    response = await fetch(apiUrl(path, options.query), init);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    reachableListener(false);
    throw new ApiError(0, 'the server cannot be reached', undefined, [], undefined);
  }
  reachableListener(true);
  const text = await response.text();
  if (!response.ok) {
    throw toError(response.status, text, response.headers.get('retry-after'));
  }
  return {
    data: (text === '' ? {} : JSON.parse(text)) as T,
    etag: response.headers.get('etag') ?? undefined,
  };
}

/** One object, out of its `{data}`. */
export async function getObject<T>(path: string, options: RequestOptions = {}): Promise<Answer<T>> {
  const answer = await send<{ data: T }>('GET', path, options);
  return { data: answer.data.data, etag: answer.etag };
}

export interface Page<T> {
  list: T[];
  page: number;
  perPage: number;
  total: number;
  nextPageToken?: string;
}
export async function getPage<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<Page<T>> {
  return (await send<Page<T>>('GET', path, signal ? { query, signal } : { query })).data;
}

/** Sends a file as the body; `onProgress` is told the share sent, 0 to 1. */
export function upload<T>(
  path: string,
  file: Blob,
  query: Query,
  onProgress?: (share: number) => void,
  signal?: AbortSignal,
): Promise<T> {
  return withSession('POST', path, () => uploadOnce<T>(path, file, query, onProgress, signal));
}

function uploadOnce<T>(
  path: string,
  file: Blob,
  query: Query,
  onProgress?: (share: number) => void,
  signal?: AbortSignal,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', apiUrl(path, query));
    request.setRequestHeader('content-type', 'application/octet-stream');
    request.setRequestHeader('accept', 'application/json');
    if (csrfToken !== null) request.setRequestHeader('x-csrf-token', csrfToken);
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) onProgress?.(event.loaded / event.total);
    };
    request.onload = () => {
      reachableListener(true);
      if (request.status >= 200 && request.status < 300) {
        resolve((JSON.parse(request.responseText) as { data: T }).data);
      } else {
        reject(toError(request.status, request.responseText, request.getResponseHeader('retry-after')));
      }
    };
    request.onerror = () => {
      reject(new ApiError(0, 'the upload was cut off: the server cannot be reached', undefined, [], undefined));
    };
    request.onabort = () => reject(new DOMException('cancelled', 'AbortError'));
    signal?.addEventListener('abort', () => request.abort());
    request.send(file);
  });
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
