import { readdirSync, readFileSync } from 'node:fs';

/** The scripts that a page of the demo loads before anything is clicked. */
function scriptsOf(page) {
  const html = readFileSync(new URL(`demo/dist/${page}.html`, import.meta.url), 'utf8');
  return [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map(([, path]) => `demo/dist/${path}`);
}

/** A file of the SDK, by the start of its name, with all that it imports at once. */
function sdkFiles(start) {
  const folder = new URL('sdk/dist/', import.meta.url);
  const name = readdirSync(folder).find((file) => file.startsWith(start) && file.endsWith('.js'));
  const code = readFileSync(new URL(name, folder), 'utf8');
  const imported = [...code.matchAll(/(?:from|import)\s*"\.\/([^"]+\.js)"/g)].map(([, file]) => file);
  return [name, ...imported.flatMap(sdkFiles)];
}

const surveyPath = [...new Set(['chorale.js', 'elements-', 'en-', 'coordinator-connection-'].flatMap(sdkFiles))];

export default [
  { name: 'SDK, loader', path: 'sdk/dist/chorale.js', limit: '3 kB' },
  {
    // `e2e/scenarios/embed.e2e.ts` sees that these are the files that a browser fetches.
    name: 'SDK, all of a survey from the loader to its receipt, socket.io included',
    path: surveyPath.map((file) => `sdk/dist/${file}`),
    limit: '56 kB',
  },
  { name: 'survey page, all it loads at first', path: scriptsOf('survey'), limit: '59.5 kB' },
  { name: 'training worker for small models', path: 'demo/dist/assets/worker-*.js', limit: '16 kB' },
  { name: 'privacy library, main entry', path: 'privacy/dist/index.js', limit: '21.3 kB' },
  { name: 'privacy library, what a survey page uses', path: 'privacy/dist/survey-path.js', limit: '4 kB' },
  { name: 'privacy library, all entries', path: 'privacy/dist/whole-package.js', limit: '27.9 kB' },
].map((check) => ({ ...check, gzip: true }));
