// SPDX-License-Identifier: Apache-2.0
// Histories, newest first: page after page by the server's token.
import { useInfiniteQuery } from '@tanstack/react-query';
import { getPage, type Page, type Query } from '../../api/client';
import type { Kind } from '../../api/queries';
import { useProject } from '../../api/session';

export function useTokenPages<T>(kind: Kind, path: string, query: Query, enabled = true) {
  const { project } = useProject();
  const pages = useInfiniteQuery({
    queryKey: [kind, project, path, query, 'pages'],
    queryFn: ({ pageParam, signal }) => getPage<T>(path, { ...query, pageToken: pageParam }, signal),
    initialPageParam: '',
    getNextPageParam: (last: Page<T>) => last.nextPageToken || undefined,
    enabled,
    placeholderData: (before) => before,
  });
  const rows = pages.data?.pages.flatMap((page) => page.list);
  return { ...pages, rows };
}
