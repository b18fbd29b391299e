import { resolve } from 'node:path';
import { defineConfig } from 'vite';

const file = (path: string) => resolve(import.meta.dirname, path);

/** The audits and the whole library in one module, as browsers load it. */
export default defineConfig({
  root: import.meta.dirname,
  build: {
    target: 'es2022',
    outDir: 'dist',
    modulePreload: false,
    rolldownOptions: {
      input: { 'browser-audit': file('testing/browser-audit.ts') },
      preserveEntrySignatures: 'strict',
      output: { entryFileNames: '[name].js' },
    },
  },
});
