// SPDX-License-Identifier: Apache-2.0
// Filters, page and sort of a list stand in the address, so that a refresh and
// a sent link show the same.
import { useCallback, useMemo } from 'react';
import { useSearchParams } from 'wouter';

export type Params = Record<string, string>;

/** Values from the address (or the defaults), and how to change some of them; a
 * changed filter goes back to the first page. */
export function useParamsOf<T extends Params>(defaults: T): [T, (changes: Partial<T>) => void] {
  const [search, setSearch] = useSearchParams();
  const text = search.toString();
  const values = useMemo(() => {
    const current = new URLSearchParams(text);
    return Object.fromEntries(Object.entries(defaults).map(([name, value]) => [name, current.get(name) ?? value])) as T;
  }, [text, JSON.stringify(defaults)]);
  const change = useCallback(
    (changes: Partial<T>) => {
      setSearch((before) => {
        const next = new URLSearchParams(before);
        if (!('page' in changes)) next.delete('page');
        for (const [name, value] of Object.entries(changes)) {
          if (value === undefined || value === '' || value === defaults[name]) next.delete(name);
          else next.set(name, value as string);
        }
        return next;
      }, { replace: true });
    },
      [setSearch, JSON.stringify(defaults)],
  );
  return [values, change];
}
