// SPDX-License-Identifier: Apache-2.0
// What the pages of captures share: the filter that stands in the address, the
// labels there are, and the walk through what fits the filter.
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getPage, type Query } from '../../api/client';
import { useList } from '../../api/queries';
import { useProject } from '../../api/session';
import type { Artifact, Capture } from '../../api/types';

export const filterDefaults = {
  device: '', model: '', scoreMin: '', scoreMax: '', heard: '', label: '', labelled: '', type: '', path: '', start: '', end: '', page: '', perPage: '50',
};
export type CaptureFilter = typeof filterDefaults;

function timeOf(local: string): string | undefined {
  const time = new Date(local);
  return local === '' || Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}

/** As the server wants it; without the page. */
export function queryOf(filter: CaptureFilter): Query {
  const [modelPackage, modelVersion] = filter.model.split('@');
  return {
    deviceId: filter.device,
    modelPackage,
    modelVersion,
    scoreMin: filter.scoreMin,
    scoreMax: filter.scoreMax,
    heard: filter.heard,
    label: filter.label,
    labelled: filter.labelled,
    contentType: filter.type,
    path: filter.path,
    start: timeOf(filter.start),
    end: timeOf(filter.end),
  };
}

/** The filter as part of an address, so that a capture's page knows where it is. */
export function searchOf(filter: CaptureFilter, changes: Partial<CaptureFilter> = {}): string {
  const all = { ...filter, ...changes };
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(all)) {
    if (value && value !== filterDefaults[name as keyof CaptureFilter]) search.set(name, value);
  }
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}

export function isFiltered(filter: CaptureFilter): boolean {
  return Object.entries(filter).some(([name, value]) => name !== 'page' && name !== 'perPage' && value !== '');
}

const KNOWN_MAX = 1000;
const KNOWN_FOR_MS = 60_000;
const labelsKey = (project: string) => ['capture-labels', project];

/** Labels of the newest thousand that have one, most used first. */
async function fetchLabels(path: string, signal: AbortSignal): Promise<string[]> {
  const page = await getPage<Capture>(path, { labelled: true, perPage: KNOWN_MAX }, signal);
  const counts = new Map<string, number>();
  for (const capture of page.list) counts.set(capture.label, (counts.get(capture.label) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).map(([label]) => label);
}

/** Words that models know, then labels that people gave. Not read anew with each
 * capture that comes: useRememberLabel adds what is given here. */
export function useLabels(): string[] {
  const { project, api } = useProject();
  const given = useQuery({
    queryKey: labelsKey(project),
    queryFn: ({ signal }) => fetchLabels(api('captures'), signal),
    staleTime: KNOWN_FOR_MS,
    refetchInterval: KNOWN_FOR_MS,
  });
  const artifacts = useList<Artifact>('artifact', project, api('artifacts'), { perPage: 100 });
  // A digit keeps its label while somebody labels: new ones come behind.
  const order = useRef<string[]>([]);
  return useMemo(() => {
    const known = (artifacts.data?.list ?? []).flatMap((a) => a.model?.labels ?? []);
    if (given.data && artifacts.data) order.current = [...new Set([...order.current, ...known, ...given.data])].filter((label) => label !== '');
    return order.current;
  }, [given.data, artifacts.data]);
}

export function useRememberLabel(): (label: string) => void {
  const client = useQueryClient();
  const { project } = useProject();
  return (label) => client.setQueryData<string[]>(labelsKey(project), (old) => (label === '' || old?.includes(label) ? old : [...(old ?? []), label]));
}

export interface Walk {
  list: Capture[];
  total: number | undefined;
  index: number;
  current: Capture | undefined;
  next: Capture | undefined;
  previous: Capture | undefined;
  loading: boolean;
  /** After a change: the walk's own copy follows. */
  replace: (capture: Capture) => void;
  remove: (id: string) => void;
}
const CHUNK = 50;

/** A snapshot of what fits the filter, read on as one walks: what is labelled on
 * the way stays in it, although it may no longer fit. */
export function useWalk(filter: CaptureFilter, id: string): Walk {
  const { api } = useProject();
  const [list, setList] = useState<Capture[]>([]);
  const [total, setTotal] = useState<number>();
  const [loading, setLoading] = useState(true);
  const [reads, setReads] = useState(0); // each may leave another one due
  const ends = useRef({ newest: Number(filter.page) || 0, token: undefined as string | undefined, busy: false });
  const query = useMemo(() => queryOf(filter), [JSON.stringify(queryOf(filter))]);

  const add = useCallback((found: Capture[], before: boolean) => {
    setList((old) => {
      const seen = new Set(old.map((c) => c.id));
      const fresh = found.filter((c) => !seen.has(c.id));
      return before ? [...fresh, ...old] : [...old, ...fresh];
    });
  }, []);

  useEffect(() => {
    const abort = new AbortController();
    const perPage = Number(filter.perPage);
    const start = Number(filter.page) || 0;
    ends.current = { newest: start, token: undefined, busy: true };
    setLoading(true);
    getPage<Capture>(api('captures'), { ...query, page: start, perPage }, abort.signal)
      .then((page) => {
        ends.current = { newest: start, token: page.nextPageToken || undefined, busy: false };
        setList(page.list);
        setTotal(page.total);
        setLoading(false);
      })
      .catch(() => setLoading(false));
    return () => abort.abort();
    // The page in the address is where the walk began; walking does not change it.
  }, [query, api]);

  const index = list.findIndex((c) => c.id === id);
  useEffect(() => {
    const state = ends.current;
    if (index < 0 || state.busy) return;
    const older = index >= list.length - 3 && state.token !== undefined;
    const newer = index === 0 && state.newest > 0;
    if (!older && !newer) return;
    state.busy = true;
    const where = older ? { pageToken: state.token, perPage: CHUNK } : { page: state.newest - 1, perPage: Number(filter.perPage) };
    getPage<Capture>(api('captures'), { ...query, ...where })
      .then((page) => {
        if (older) state.token = page.nextPageToken || undefined; // empty at the end
        else state.newest -= 1;
        add(page.list, !older);
        state.busy = false;
        setReads((n) => n + 1);
      })
      // Tried again at the next step, not at once: the server may be away.
      .catch(() => {
        state.busy = false;
      });
  }, [index, list.length, reads, query, api, add, filter.perPage]);

  return {
    list, total, index, loading,
    current: list[index],
    next: index >= 0 ? list[index + 1] : list[0],
    previous: index > 0 ? list[index - 1] : undefined,
    replace: (capture) => setList((old) => old.map((c) => (c.id === capture.id ? capture : c))),
    remove: (gone) => setList((old) => old.filter((c) => c.id !== gone)),
  };
}
