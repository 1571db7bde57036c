// SPDX-License-Identifier: Apache-2.0
// Deleting what the page is about: the page is left before it is read again,
// which would find nothing.
import { useQueryClient } from '@tanstack/react-query';
import { useLocation } from 'wouter';
import { send } from '../api/client';
import type { Kind } from '../api/queries';
import { tellDone, tellError } from './forms';

export interface Removal {
  /** What it is called, for the message. */
  name: string;
  path: string;
  /** Where to go when it is gone. */
  href: string;
  ifMatch?: string | undefined;
}

export function useRemove(...kinds: Kind[]): (removal: Removal) => Promise<void> {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  return async ({ name, path, href, ifMatch }) => {
    try {
      await send('DELETE', path, { ifMatch });
    } catch (error) {
      tellError(error, `${name} cannot be deleted`);
      return;
    }
    navigate(href);
    tellDone(`${name} is deleted.`);
    await Promise.all(kinds.map((kind) => client.invalidateQueries({ queryKey: [kind] })));
  };
}
