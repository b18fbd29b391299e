import { resolve } from 'node:path';
import { defineConfig } from 'vite';

const file = (path: string) => resolve(import.meta.dirname, path);

/** What is built in a mode of this name; in any other it is the main entry. */
const entries: Record<string, string> = {
  index: 'src/index.ts',
  // What a survey page uses of it, so that its size can be watched.
  'survey-path': 'testing/survey-path.ts',
  'whole-package': 'testing/whole-package.ts',
};

/** The package as browsers load it, in `dist/index.js`, or `dist/<mode>.js`. */
export default defineConfig(({ mode }) => ({
  root: import.meta.dirname,
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: false,
    modulePreload: false,
    rolldownOptions: {
      input: mode in entries ? { [mode]: file(entries[mode]!) } : { index: file(entries['index']!) },
      preserveEntrySignatures: 'strict',
      // With `const` as it is written the minifier puts small numbers where they are used.
      output: { entryFileNames: '[name].js', topLevelVar: false },
    },
  },
}));
