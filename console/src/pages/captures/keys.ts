// SPDX-License-Identifier: Apache-2.0
import { useEffect, useRef } from 'react';

/** Keys of the whole page, unless somebody types or a dialogue is open. */
export function useKeys(handlers: Record<string, () => void>): void {
  const current = useRef(handlers);
  current.current = handlers;
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (target.closest('input,textarea,select,[contenteditable]:not([contenteditable=false]),[role=dialog],[role=listbox]')) return;
      if (document.querySelector('[role=dialog]')) return;
      // Space on a button presses the button.
      if ((event.key === ' ' || event.key === 'Enter') && target.closest('button,a,[role=button],[role=radio]')) return;
      const handler = current.current[event.key];
      if (!handler) return;
      event.preventDefault();
      handler();
    };
    window.addEventListener('keydown', listen);
    return () => window.removeEventListener('keydown', listen);
  }, []);
}
