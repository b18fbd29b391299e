import { readdirSync, readFileSync } from 'node:fs';

/** The scripts that a page of the demo loads before anything is clicked. */
function scriptsOf(page) {
  const html = readFileSync(new URL(`demo/dist/${page}.html`, import.meta.url), 'utf8');
  return [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map(([, path]) => `demo/dist/${path}`);
}

/** A built file, with all that it imports at once. */
function withImports(folder, name) {
  const code = readFileSync(new URL(`${folder}/${name}`, import.meta.url), 'utf8');
  const imported = [...code.matchAll(/(?:from|import)\s*["'`]\.\/([^"'`]+\.js)["'`]/g)].map(([, file]) => file);
  return [`${folder}/${name}`, ...imported.flatMap((file) => withImports(folder, file))];
}

/** Those whose name begins so, each once. */
function filesOf(folder, ...starts) {
  const names = readdirSync(new URL(folder, import.meta.url)).filter((name) => name.endsWith('.js'));
  const chosen = starts.flatMap((start) => names.filter((name) => name.startsWith(start)));
  return [...new Set(chosen.flatMap((name) => withImports(folder, name)))];
}

export default [
  { name: 'SDK, loader', path: 'sdk/dist/chorale.js', limit: '3 kB' },
  {
    // `e2e/scenarios/embed.e2e.ts` sees that these are the files that a browser fetches.
    name: 'SDK, all of a survey from the loader to its receipt',
    path: filesOf('sdk/dist', 'chorale.js', 'elements-', 'en-'),
    limit: '45 kB',
  },
  { name: 'survey page, all it loads at first', path: scriptsOf('survey'), limit: '63 kB' },
  { name: 'training worker for small models', path: filesOf('demo/dist/assets', 'worker-'), limit: '17 kB' },
  { name: 'privacy library, main entry', path: 'privacy/dist/index.js', limit: '19.7 kB' },
  { name: 'privacy library, what a survey page uses', path: 'privacy/dist/survey-path.js', limit: '3.65 kB' },
  { name: 'privacy library, all entries', path: 'privacy/dist/whole-package.js', limit: '25 kB' },
].map((check) => ({ ...check, gzip: true }));
