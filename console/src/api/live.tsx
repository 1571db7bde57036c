// SPDX-License-Identifier: Apache-2.0
// Server-sent events of the shown project. There is no replay: whoever comes
// back reads again, so a lost connection costs nothing but time.
import { createContext, useContext, useEffect, useMemo, useRef, useState, useSyncExternalStore, type ReactNode } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import { apiUrl } from './client';
import type { Kind } from './queries';
import type { OtaEvent } from './types';

export type LiveState = 'connecting' | 'live' | 'lost';
export interface Progress {
  deviceId: string;
  package: string;
  version: string;
  bytes: number;
  size: number;
  percent: number;
}
export interface DeviceLog {
  deviceId: string;
  level: string;
  module: string;
  message: string;
  timestamp: string;
  [member: string]: unknown;
}
interface LiveChange {
  kind: string;
  action: 'create' | 'update' | 'delete';
  id: string;
  deviceId?: string;
}

/** What depends on what: a change of one kind makes these read again. */
const dependents: Record<string, Kind[]> = {
  device: ['device', 'overview', 'rollout', 'virtualDevice'],
  release: ['release', 'rollout', 'overview', 'audit'],
  artifact: ['artifact', 'overview'],
  evaluation: ['artifact'],
  blueprint: ['blueprint', 'rollout'],
  tag: ['tag'],
  capture: ['capture', 'overview'],
  setting: ['setting'],
  settingsStatus: ['setting'],
  deviceState: ['state'],
  deviceProfile: ['device', 'profile'],
  deviceCertificate: ['certificate', 'device'],
  virtualDevice: ['virtualDevice', 'device'],
  apiKey: ['apikey'],
  credential: ['credential'],
  certificate: ['certificate'],
  revokedCertificate: ['certificate'],
  artifactSignature: ['artifact'],
  keyset: ['keyset'],
  member: ['member'],
  organization: ['organization'],
  project: ['project'],
};

/** A value that views watch without the tree above them drawing again. */
class Progresses {
  private readonly values = new Map<string, Progress>();
  private readonly listeners = new Set<() => void>();
  private static key(device: string, name: string) {
    return `${device}/${name}`;
  }
  set(progress: Progress) {
    this.values.set(Progresses.key(progress.deviceId, progress.package), progress);
    this.listeners.forEach((listener) => listener());
  }
  clear(device: string, name: string) {
    this.values.delete(Progresses.key(device, name));
    this.listeners.forEach((listener) => listener());
  }
  get(device: string, name: string) {
    return this.values.get(Progresses.key(device, name));
  }
  subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
}

interface LiveContextValue {
  state: LiveState;
  progresses: Progresses;
}
const LiveContext = createContext<LiveContextValue>({ state: 'connecting', progresses: new Progresses() });

const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 15_000;
const SETTLE_MS = 400; // a burst of events makes views read once

/** An EventSource that comes back whatever ended it. Returns how to end it. */
function keepListening(url: string, names: string[], onEvent: (name: string, data: unknown) => void, onState: (state: LiveState) => void) {
  let source: EventSource | undefined;
  let timer: number | undefined;
  let delay = RETRY_MIN_MS;
  let ended = false;
  const open = () => {
    source = new EventSource(url, { withCredentials: true });
    source.onopen = () => {
      delay = RETRY_MIN_MS;
      onState('live');
    };
    source.onerror = () => {
      source?.close();
      if (ended) return;
      onState('lost');
      timer = window.setTimeout(open, delay);
      delay = Math.min(delay * 2, RETRY_MAX_MS);
    };
    for (const name of names) {
      source.addEventListener(name, (event) => {
        try {
          onEvent(name, JSON.parse((event as MessageEvent<string>).data || '{}'));
        } catch {
          /* an event cut off: the next one heals it */
        }
      });
    }
  };
  open();
  return () => {
    ended = true;
    window.clearTimeout(timer);
    source?.close();
  };
}

export function LiveProvider(props: { project: string; children: ReactNode }) {
  const client = useQueryClient();
  const [state, setState] = useState<LiveState>('connecting');
  const progresses = useRef(new Progresses()).current;
  const { project } = props;
  useEffect(() => {
    const due = new Set<Kind>();
    let timer: number | undefined;
    const readAgain = (...kinds: Kind[]) => {
      kinds.forEach((kind) => due.add(kind));
      timer ??= window.setTimeout(() => {
        timer = undefined;
        for (const kind of due) void client.invalidateQueries({ queryKey: [kind] });
        due.clear();
      }, SETTLE_MS);
    };
    const onEvent = (name: string, data: unknown) => {
      if (name === 'hello' || name === 'reload') {
        void client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== 'session' });
      } else if (name === 'change') {
        readAgain('audit', ...(dependents[(data as LiveChange).kind] ?? []));
      } else if (name === 'presence') {
        readAgain('device', 'overview', 'rollout', 'virtualDevice');
      } else if (name === 'ota') {
        const event = data as OtaEvent;
        progresses.clear(event.deviceId, event.packageId);
        readAgain('otaEvent', 'device', 'rollout', 'overview');
      } else if (name === 'progress') {
        progresses.set(data as Progress);
      }
    };
    const end = keepListening(apiUrl(`v1/projects/${encodeURIComponent(project)}/live`),
      ['hello', 'reload', 'change', 'presence', 'ota', 'progress'], onEvent, setState);
    return () => {
      end();
      window.clearTimeout(timer);
    };
  }, [project, client, progresses]);
  const value = useMemo(() => ({ state, progresses }), [state, progresses]);
  return <LiveContext.Provider value={value}>{props.children}</LiveContext.Provider>;
}

export function useLiveState(): LiveState {
  return useContext(LiveContext).state;
}

/** How far a device is with a package's download, while it is. */
export function useProgress(deviceId: string, packageName: string): Progress | undefined {
  const { progresses } = useContext(LiveContext);
  return useSyncExternalStore(progresses.subscribe, () => progresses.get(deviceId, packageName));
}

/** Log lines of one device as they come, for as long as the view is there. */
export function useLiveLog(project: string, deviceId: string, onLine: (line: DeviceLog) => void, enabled = true): LiveState {
  const [state, setState] = useState<LiveState>('connecting');
  const handler = useRef(onLine);
  handler.current = onLine;
  useEffect(() => {
    if (!enabled) return undefined;
    return keepListening(
      apiUrl(`v1/projects/${encodeURIComponent(project)}/live`, { topics: 'logs', deviceId }),
      ['log'],
      (_name, data) => handler.current(data as DeviceLog),
      setState,
    );
  }, [project, deviceId, enabled]);
  return state;
}
