// SPDX-License-Identifier: Apache-2.0
// Who is signed in, which project is shown, and what that person may do there.
import { createContext, useContext, useEffect, useMemo, useRef, type ReactNode } from 'react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getObject, onSignedOut, send, setCsrfToken } from './client';
import type { Role, Session } from './types';

export type Right = 'VIEW' | 'OPERATE' | 'ADMIN' | 'SERVER';
const rank: Record<Role, number> = { viewer: 1, operator: 2, admin: 3 };
const needed: Record<Right, number> = { VIEW: 1, OPERATE: 2, ADMIN: 3, SERVER: 4 };

interface SessionContextValue {
  /** While it has expired: as it was, so that the page stays as it is. */
  session: Session;
  /** It ended while somebody worked; requests wait until `accept`. */
  expired: boolean;
  /** After signing in, or a change of the own account: what the server answered. */
  accept: (session: Session) => void;
  reload: () => Promise<unknown>;
  signOut: () => Promise<void>;
}
const SessionContext = createContext<SessionContextValue | null>(null);

export function SessionProvider(props: { children: ReactNode; loading: ReactNode; failed: (error: Error, retry: () => void) => ReactNode }) {
  const client = useQueryClient();
  const query = useQuery({
    queryKey: ['session'],
    queryFn: async () => {
      const session = (await getObject<Session>('v1/session')).data;
      setCsrfToken(session.csrfToken);
      return session;
    },
    staleTime: 60_000,
  });
  const lastSignedIn = useRef<Session | undefined>(undefined);
  const waiting = useRef<((again: boolean) => void)[]>([]);
  if (query.data?.signedIn) lastSignedIn.current = query.data;
  useEffect(() => onSignedOut(async () => {
    await client.refetchQueries({ queryKey: ['session'], exact: true });
    if (client.getQueryData<Session>(['session'])?.signedIn) return true; // in another tab
    if (lastSignedIn.current === undefined) return false;
    return new Promise<boolean>((resolve) => waiting.current.push(resolve));
  }), [client]);
  const expired = query.data !== undefined && !query.data.signedIn && lastSignedIn.current !== undefined;
  const session = expired ? lastSignedIn.current : query.data;
  const value = useMemo<SessionContextValue | null>(() => {
    if (session === undefined) return null;
    return {
      session,
      expired,
      accept: (next) => {
        const before = lastSignedIn.current?.account?.id;
        setCsrfToken(next.csrfToken);
        client.setQueryData(['session'], next);
        // What another person left open is not for this one.
        if (before !== undefined && next.account !== null && before !== next.account.id) {
          window.location.reload();
          return;
        }
        waiting.current.splice(0).forEach((resolve) => resolve(true));
        void client.invalidateQueries({ predicate: (q) => q.queryKey[0] !== 'session' });
      },
      reload: () => client.invalidateQueries({ queryKey: ['session'] }),
      signOut: async () => {
        await send('DELETE', 'v1/session');
        lastSignedIn.current = undefined;
        setCsrfToken(null);
        client.clear();
        await client.invalidateQueries({ queryKey: ['session'] });
        window.location.hash = '#/';
        window.location.reload();
      },
    };
  }, [session, expired, client]);
  if (value !== null) return <SessionContext.Provider value={value}>{props.children}</SessionContext.Provider>;
  if (query.error) return <>{props.failed(query.error, () => void query.refetch())}</>;
  return <>{props.loading}</>;
}

export function useSession(): SessionContextValue {
  const value = useContext(SessionContext);
  if (value === null) throw new Error('useSession outside of SessionProvider');
  return value;
}

interface ProjectContextValue {
  /** The project's id, as in routes. */
  project: string;
  organization: string;
  /** Path of a REST route of this project: api('devices') is v1/projects/P/devices. */
  api: (path: string) => string;
  /** Hash route of a page of this project: page('devices') is /p/P/devices. */
  page: (path: string) => string;
  may: (right: Right) => boolean;
}
const ProjectContext = createContext<ProjectContextValue | null>(null);

export function mayDo(session: Session, organization: string, project: string, right: Right): boolean {
  if (session.account?.serverAdmin) return true;
  if (right === 'SERVER') return false;
  return session.memberships.some(
    (m) => m.organizationId === organization && (m.projectId === '' || m.projectId === project) && rank[m.role] >= needed[right],
  );
}

export function ProjectProvider(props: { project: string; organization: string; children: ReactNode }) {
  const { session } = useSession();
  const { project, organization } = props;
  const value = useMemo<ProjectContextValue>(
    () => ({
      project,
      organization,
      api: (path) => `v1/projects/${encodeURIComponent(project)}/${path}`,
      page: (path) => `/p/${encodeURIComponent(project)}/${path}`,
      may: (right) => mayDo(session, organization, project, right),
    }),
    [project, organization, session],
  );
  return <ProjectContext.Provider value={value}>{props.children}</ProjectContext.Provider>;
}

export function useProject(): ProjectContextValue {
  const value = useContext(ProjectContext);
  if (value === null) throw new Error('useProject outside of ProjectProvider');
  return value;
}
