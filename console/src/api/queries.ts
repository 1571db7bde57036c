// SPDX-License-Identifier: Apache-2.0
// Reading and changing, with one cache: keys are [kind, project, path, query],
// so that a live event about a kind makes every view of that kind read again.
import { keepPreviousData, QueryClient, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { ApiError, getObject, getPage, send, type Answer, type Page, type Query } from './client';

/** What lists and objects are about; live events use the same words. */
export type Kind =
  | 'session' | 'project' | 'organization' | 'member' | 'apikey' | 'certificate' | 'keyset' | 'audit'
  | 'device' | 'credential' | 'blueprint' | 'tag' | 'setting' | 'state' | 'profile'
  | 'artifact' | 'release' | 'rollout' | 'overview' | 'otaEvent' | 'log' | 'capture' | 'virtualDevice';

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      refetchOnWindowFocus: true,
      // Only what can heal by itself is tried again.
      retry: (count, error) => error instanceof ApiError && (error.status === 0 || error.status >= 500) && count < 3,
    },
  },
});

export function useList<T>(kind: Kind, project: string, path: string, query: Query = {}, enabled = true) {
  return useQuery<Page<T>>({
    queryKey: [kind, project, path, query],
    queryFn: ({ signal }) => getPage<T>(path, query, signal),
    placeholderData: keepPreviousData,
    enabled,
  });
}

export function useObject<T>(kind: Kind, project: string, path: string, query: Query = {}, enabled = true) {
  return useQuery<Answer<T>>({
    queryKey: [kind, project, path, query],
    queryFn: ({ signal }) => getObject<T>(path, { query, signal }),
    enabled,
  });
}

const ALL_MAX = 5_000; // what people make by hand stays far below it

/** Every row of a list that is short by its nature: artifacts, tags, blueprints. */
export function useAll<T>(kind: Kind, project: string, path: string, query: Query = {}, enabled = true) {
  return useQuery<T[]>({
    queryKey: [kind, project, path, { ...query, all: true }],
    queryFn: async ({ signal }) => {
      const rows: T[] = [];
      for (let page = 0; ; page++) {
        const answer = await getPage<T>(path, { ...query, page, perPage: 1000 }, signal);
        rows.push(...answer.list);
        if (answer.list.length === 0 || rows.length >= Math.min(answer.total, ALL_MAX)) return rows;
      }
    },
    placeholderData: keepPreviousData,
    enabled,
  });
}

export interface Change {
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  body?: unknown;
  /** The ETag of what was edited: the second of two editors is told. */
  ifMatch?: string | undefined;
}

/** Sends a change and makes every view of `kinds` read again. */
export function useChange<T = unknown>(...kinds: Kind[]) {
  const client = useQueryClient();
  return useMutation<T, Error, Change>({
    mutationFn: async (change) => {
      const answer = await send<{ data: T }>(change.method, change.path, { body: change.body, ifMatch: change.ifMatch });
      return answer.data.data;
    },
    onSettled: () => Promise.all(kinds.map((kind) => client.invalidateQueries({ queryKey: [kind] }))),
  });
}
