// SPDX-License-Identifier: Apache-2.0
// Where one is stands behind the '#', path and query: #/p/default/devices?term=x.
// wouter's own hash hook puts the query before the '#', where it outlives the
// page that it belongs to and cannot be emptied.
import { useSyncExternalStore } from 'react';
import type { BaseLocationHook } from 'wouter';

function subscribe(listener: () => void): () => void {
  addEventListener('hashchange', listener);
  addEventListener('popstate', listener);
  return () => {
    removeEventListener('hashchange', listener);
    removeEventListener('popstate', listener);
  };
}
function parts(): [path: string, search: string] {
  const text = location.hash.replace(/^#?\/?/, '');
  const at = text.indexOf('?');
  return at < 0 ? [`/${text}`, ''] : [`/${text.slice(0, at)}`, text.slice(at + 1)];
}
const path = () => parts()[0];
const search = () => parts()[1];

function navigate(to: string, options: { replace?: boolean; state?: unknown } = {}): void {
  const oldURL = location.href;
  const newURL = `${oldURL.split('#')[0]}#/${to.replace(/^#?\/?/, '')}`;
  history[options.replace ? 'replaceState' : 'pushState'](options.state ?? null, '', newURL);
  dispatchEvent(new HashChangeEvent('hashchange', { oldURL, newURL }));
}

export const useHashLocation: BaseLocationHook & { searchHook: () => string; hrefs: (href: string) => string } = Object.assign(
  (): [string, typeof navigate] => [useSyncExternalStore(subscribe, path), navigate],
  { searchHook: () => useSyncExternalStore(subscribe, search), hrefs: (href: string) => `#${href}` },
);
