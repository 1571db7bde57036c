// SPDX-License-Identifier: Apache-2.0
import { useEffect } from 'react';

const AGAIN_MS = 1_000;

/** Reads again, once a second when not said otherwise, while the server is still
 * counting: that it is done is no change, so no event tells. */
export function usePollWhile(counting: boolean, refetch: () => unknown, everyMs = AGAIN_MS): void {
  useEffect(() => {
    if (!counting) return undefined;
    const timer = window.setInterval(() => void refetch(), everyMs);
    return () => window.clearInterval(timer);
  }, [counting]);
}
