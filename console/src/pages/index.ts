// SPDX-License-Identifier: Apache-2.0
// Every page of a project, loaded when it is first shown. Path: what stands
// behind /p/PROJECT/ in the address.
import { lazy, type ComponentType, type LazyExoticComponent } from 'react';

export interface ProjectPage {
  path: string;
  component: LazyExoticComponent<ComponentType>;
}

export const projectPages: ProjectPage[] = [
  { path: 'overview', component: lazy(() => import('./overview/overview')) },
  { path: 'start', component: lazy(() => import('./start/start')) },
  { path: 'devices', component: lazy(() => import('./devices/devices')) },
  { path: 'devices/:device/:tab?', component: lazy(() => import('./devices/device')) },
  { path: 'blueprints', component: lazy(() => import('./devices/blueprints')) },
  { path: 'tags', component: lazy(() => import('./devices/tags')) },
  { path: 'device-settings', component: lazy(() => import('./devices/settings')) },
  { path: 'monitor', component: lazy(() => import('./monitor/monitor')) },
  { path: 'artifacts', component: lazy(() => import('./artifacts/artifacts')) },
  { path: 'artifacts/new', component: lazy(() => import('./artifacts/upload')) },
  { path: 'artifacts/compare/:a/:b', component: lazy(() => import('./artifacts/compare')) },
  { path: 'artifacts/:artifact', component: lazy(() => import('./artifacts/artifact')) },
  { path: 'releases', component: lazy(() => import('./releases/releases')) },
  { path: 'releases/new', component: lazy(() => import('./releases/create')) },
  { path: 'releases/:release', component: lazy(() => import('./releases/release')) },
  { path: 'captures', component: lazy(() => import('./captures/captures')) },
  { path: 'captures/:capture', component: lazy(() => import('./captures/capture')) },
  { path: 'credentials', component: lazy(() => import('./devices/credentials')) },
  { path: 'settings/:section?', component: lazy(() => import('./settings/settings')) },
];
