// SPDX-License-Identifier: Apache-2.0
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// `base: './'`: every address is relative to the page, so the console works
// behind any path prefix. GODWIT_URL: the server that `npm run dev` talks to.
const server = process.env['GODWIT_URL'] ?? 'http://127.0.0.1:8080';

export default defineConfig({
  base: './',
  plugins: [react()],
  build: {
    outDir: process.env['GODWIT_CONSOLE_OUT'] ?? '../build/console/dist',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1200,
  },
  server: { proxy: { '/v1': { target: server, headers: { host: new URL(server).host } }, '/examples': server } },
});
