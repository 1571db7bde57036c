// SPDX-License-Identifier: Apache-2.0
// A capture's bytes, shown by what they are.
import { Center, Loader, Skeleton } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, type RefObject } from 'react';
import { ApiError, apiUrl } from '../../api/client';
import { useProject } from '../../api/session';
import type { Capture } from '../../api/types';
import { Failure } from '../../components/page';
import type { Player } from './audio';
import { PictureView } from './picture';
import { TextView } from './text';

const AudioView = lazy(() => import('./audio'));
const KEPT_MS = 120_000;

async function fetchContent(url: string, signal: AbortSignal): Promise<Blob> {
  const response = await fetch(url, { signal, credentials: 'same-origin' });
  if (!response.ok) throw new ApiError(response.status, 'The bytes of this capture cannot be read.', undefined, [], undefined);
  return response.blob();
}
function contentQuery(project: string, path: string) {
  return {
    queryKey: ['capture-content', project, path],
    queryFn: ({ signal }: { signal: AbortSignal }) => fetchContent(apiUrl(path), signal),
    staleTime: Infinity, // never changes
    gcTime: KEPT_MS,
  };
}

/** Reads ahead what is shown next, so that walking is quick. */
export function usePrefetch(next: Capture | undefined): void {
  const client = useQueryClient();
  const { project, api } = useProject();
  useEffect(() => {
    if (next) void client.prefetchQuery(contentQuery(project, api(`captures/${next.id}/content`)));
  }, [next?.id, client, project, api]);
}

export function CaptureMedia(props: { capture: Capture; player: RefObject<Player | null>; autoPlay: boolean }) {
  const { project, api } = useProject();
  const { capture } = props;
  const content = useQuery(contentQuery(project, api(`captures/${capture.id}/content`)));
  if (content.error) return <Failure error={content.error} />;
  const blob = content.data;
  if (!blob) return <Skeleton h={320} aria-label="loading" />;
  if (capture.contentType.startsWith('audio/')) {
    return (
      <Suspense fallback={<Center h={320}><Loader aria-label="loading" /></Center>}>
        <AudioView blob={blob} player={props.player} autoPlay={props.autoPlay} />
      </Suspense>
    );
  }
  if (capture.contentType.startsWith('image/')) return <PictureView blob={blob} type={capture.contentType} />;
  return <TextView blob={blob} type={capture.contentType} />;
}
