// SPDX-License-Identifier: Apache-2.0
// The lines that a log view holds: what the server kept and what comes live,
// each once, in order, and never more than a view can bear.
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { getPage } from '../../api/client';
import { useLiveLog, type DeviceLog, type LiveState } from '../../api/live';
import { useList } from '../../api/queries';
import { useProject } from '../../api/session';

export interface LogLine extends DeviceLog {
  id: string;
}
export const LINES_MAX = 2000;
const PAGE = 200;
const FLUSH_MS = 200; // a device that talks fast is drawn five times a second

export const levels = ['ERROR', 'WARN', 'INFO', 'DEBUG'];
export function isShown(line: DeviceLog, level: string, term: string): boolean {
  const limit = level === '' ? levels.length : levels.indexOf(level.toUpperCase());
  if (levels.indexOf(line.level) > limit) return false;
  return term === '' || line.message.toLowerCase().includes(term.toLowerCase());
}

const ordered = (a: LogLine, b: LogLine) => Number(a.id) - Number(b.id);

export interface LogLines {
  lines: LogLine[];
  /** Lines that came while it was paused. */
  held: number;
  loading: boolean;
  error: Error | null;
  live: LiveState;
  older: (() => Promise<void>) | undefined;
}

export function useLogLines(path: string, deviceId: string, level: string, term: string, paused: boolean): LogLines {
  const { project } = useProject();
  const query = useMemo(() => ({ level: level.toLowerCase(), term, perPage: PAGE, ...(path.includes('/devices/') ? {} : { deviceId }) }), [path, deviceId, level, term]);
  const history = useList<LogLine>('log', project, path, query);
  const [come, setCome] = useState<LogLine[]>([]);
  const [further, setFurther] = useState<{ lines: LogLine[]; token: string | undefined } | null>(null);
  const waiting = useRef<LogLine[]>([]);
  const [held, setHeld] = useState(0);
  const timer = useRef<number | undefined>(undefined);
  const pausedNow = useRef(paused);
  pausedNow.current = paused;

  const flush = useCallback(() => {
    timer.current = undefined;
    setHeld(pausedNow.current ? waiting.current.length : 0);
    if (pausedNow.current || waiting.current.length === 0) return;
    const lines = waiting.current;
    waiting.current = [];
    setCome((before) => [...before, ...lines].slice(-LINES_MAX));
  }, []);
  const live = useLiveLog(project, deviceId, (line) => {
    waiting.current.push(line as LogLine);
    if (waiting.current.length > LINES_MAX) waiting.current.shift();
    timer.current ??= window.setTimeout(flush, FLUSH_MS);
  });
  useEffect(() => () => window.clearTimeout(timer.current), []);
  useEffect(flush, [paused, flush]);
  // Other filters, another history; and what came while the line was lost is read.
  useEffect(() => setFurther(null), [query]);
  useEffect(() => {
    if (live === 'live') void history.refetch();
  }, [live]);

  const lines = useMemo(() => {
    const byId = new Map<string, LogLine>();
    for (const line of further?.lines ?? []) byId.set(line.id, line);
    for (const line of history.data?.list ?? []) byId.set(line.id, line);
    for (const line of come) {
      if (isShown(line, level, term)) byId.set(line.id, line);
    }
    return [...byId.values()].sort(ordered).slice(-LINES_MAX);
  }, [further, history.data, come, level, term]);

  const token = further ? further.token : history.data?.nextPageToken;
  const older = token === undefined || token === '' || lines.length >= LINES_MAX ? undefined : async () => {
    const page = await getPage<LogLine>(path, { ...query, pageToken: token });
    setFurther((before) => ({ lines: [...page.list, ...(before?.lines ?? [])], token: page.nextPageToken }));
  };
  return { lines, held, loading: history.data === undefined, error: history.data === undefined ? history.error : null, live, older };
}
