// How the page is built: one script, one style sheet, nothing inline, nothing from elsewhere.
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: ['chrome125', 'firefox128', 'safari17.5'],
    outDir: 'dist',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  // For work on the page: `npx vite web` beside a control plane on its usual port.
  server: { proxy: { '/api': { target: 'http://127.0.0.1:4747' } } },
});
