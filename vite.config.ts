import { resolve } from 'node:path';
import { defineConfig } from 'vite';
import { pageAddresses } from './demo/page-addresses.ts';
import { pageShell } from './demo/page-shell.ts';
import { shortTemplates } from './sdk/short-templates.ts';

const page = (name: string) => resolve(import.meta.dirname, 'demo', `${name}.html`);

/** Builds and serves the demo; `npm run dev` proxies to a coordinator started by `npm start`. */
export default defineConfig({
  root: resolve(import.meta.dirname, 'demo'),
  plugins: [pageShell(), pageAddresses(), shortTemplates()],
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: true,
    // Every browser that has what the pages' style sheets use knows `modulepreload`.
    modulePreload: { polyfill: false },
    // tfjs's model loader has 506 kB; it is fetched when a model is asked, and never to train.
    chunkSizeWarningLimit: 520,
    rolldownOptions: { input: ['index', 'survey', 'site', 'results', 'model', 'studio', 'officer'].map(page) },
  },
  worker: { format: 'es' },
  server: {
    proxy: {
      '/api': 'http://localhost:8787',
      '/demo/invitations': 'http://localhost:8787',
      '/socket.io': { target: 'http://localhost:8787', ws: true },
    },
  },
});
