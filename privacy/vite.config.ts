import { resolve } from 'node:path';
import { defineConfig } from 'vite';

const file = (path: string) => resolve(import.meta.dirname, path);

/**
 * The package as browsers load it, in `dist/index.js`; `--mode survey-path` builds what a survey page uses of it
 * instead, so that its size can be watched.
 */
export default defineConfig(({ mode }) => ({
  root: import.meta.dirname,
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: false,
    modulePreload: false,
    rolldownOptions: {
      input:
        mode === 'survey-path' ? { 'survey-path': file('testing/survey-path.ts') } : { index: file('src/index.ts') },
      preserveEntrySignatures: 'strict',
      output: { entryFileNames: '[name].js' },
    },
  },
}));
