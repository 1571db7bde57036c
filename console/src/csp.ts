// SPDX-License-Identifier: Apache-2.0
// The content security policy lets in only <style> elements with this nonce;
// the server puts another one into each page it sends.
export function cspNonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? '';
}

/** Libraries below Mantine ask a global for it, those that keep the page behind
 * a dialog from scrolling. */
export function shareNonce(): void {
  (globalThis as { __webpack_nonce__?: string }).__webpack_nonce__ = cspNonce();
}
