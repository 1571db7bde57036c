// SPDX-License-Identifier: Apache-2.0
// From the address to a page: who is not signed in sees the sign-in page, the
// rest is below a project, /p/PROJECT/....
import { Button, Center, Loader, Stack, Text } from '@mantine/core';
import { lazy, Suspense, useEffect } from 'react';
import { Redirect, Route, Switch, useLocation, useParams } from 'wouter';
import { ProjectProvider, SessionProvider, useSession } from './api/session';
import { LiveProvider } from './api/live';
import { useList } from './api/queries';
import type { Project } from './api/types';
import { messageOf } from './api/client';
import { Layout } from './layout';
import { SignInAgain, SignInPage } from './pages/sign-in/sign-in';
import { LinkPage } from './pages/sign-in/link';
import { projectPages } from './pages';
import { NotFound } from './components/not-found';

const AccountPage = lazy(() => import('./pages/account/account'));
const ApiPage = lazy(() => import('./pages/api/api'));
const OrganizationPage = lazy(() => import('./pages/settings/organizations'));

function Waiting() {
  return (
    <Center h="60vh">
      <Loader aria-label="loading" />
    </Center>
  );
}

function Failed(props: { error: Error; retry: () => void }) {
  return (
    <Center h="80vh">
      <Stack align="center">
        <Text role="alert">{messageOf(props.error)}</Text>
        <Button onClick={props.retry}>Try again</Button>
      </Stack>
    </Center>
  );
}

const lastProjectKey = 'godwit.project';

function useProjects() {
  return useList<Project>('project', '', 'v1/projects', { perPage: 1000 });
}

function Home() {
  const projects = useProjects();
  if (projects.error) return <Failed error={projects.error} retry={() => void projects.refetch()} />;
  if (!projects.data) return <Waiting />;
  const list = projects.data.list;
  const last = list.find((p) => p.id === localStorage.getItem(lastProjectKey)) ?? list[0];
  if (!last) return <Redirect to="/organizations" replace />;
  return <Redirect to={`/p/${encodeURIComponent(last.id)}/overview`} replace />;
}

function ProjectArea() {
  const id = decodeURIComponent(useParams<{ project: string }>().project);
  const projects = useProjects();
  const project = projects.data?.list.find((p) => p.id === id);
  useEffect(() => {
    if (project) localStorage.setItem(lastProjectKey, project.id);
  }, [project]);
  if (projects.error) return <Failed error={projects.error} retry={() => void projects.refetch()} />;
  if (!projects.data) return <Waiting />;
  if (!project) return <NotFound what={`The project ${id}`} />;
  return (
    <ProjectProvider project={project.id} organization={project.organizationId ?? 'default'} key={project.id}>
      <LiveProvider project={project.id}>
        <Layout projects={projects.data.list}>
          <Suspense fallback={<Waiting />}>
            <Switch>
              {projectPages.map((page) => (
                <Route key={page.path} path={`/p/:project/${page.path}`} component={page.component} />
              ))}
              <Route>
                <NotFound what="This page" />
              </Route>
            </Switch>
          </Suspense>
        </Layout>
      </LiveProvider>
    </ProjectProvider>
  );
}

function SignedIn() {
  return (
    <Switch>
      <Route path="/" component={Home} />
      <Route path="/p/:project/*?" component={ProjectArea} />
      <Route>
        <Layout projects={useProjects().data?.list ?? []}>
          <Suspense fallback={<Waiting />}>
            <Switch>
              <Route path="/account" component={AccountPage} />
              <Route path="/organizations" component={OrganizationPage} />
              <Route path="/api" component={ApiPage} />
              <Route>
                <NotFound what="This page" />
              </Route>
            </Switch>
          </Suspense>
        </Layout>
      </Route>
    </Switch>
  );
}

function Gate() {
  const { session, expired } = useSession();
  const [location] = useLocation();
  if (location.startsWith('/link/')) return <LinkPage token={decodeURIComponent(location.slice('/link/'.length))} />;
  if (!session.signedIn) return <SignInPage />;
  return (
    <>
      <SignedIn />
      {expired ? <SignInAgain /> : null}
    </>
  );
}

export function App() {
  return (
    <SessionProvider loading={<Waiting />} failed={(error, retry) => <Failed error={error} retry={retry} />}>
      <Gate />
    </SessionProvider>
  );
}
