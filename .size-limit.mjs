import { readFileSync } from 'node:fs';

/** The scripts that a page of the demo loads before anything is clicked. */
function scriptsOf(page) {
  const html = readFileSync(new URL(`demo/dist/${page}.html`, import.meta.url), 'utf8');
  return [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map(([, path]) => `demo/dist/${path}`);
}

export default [
  { name: 'survey page, all it loads at first', path: scriptsOf('survey'), limit: '63.5 kB' },
  { name: 'training worker for small models', path: 'demo/dist/assets/worker-*.js', limit: '16 kB' },
  { name: 'privacy library, main entry', path: 'privacy/dist/index.js', limit: '21.3 kB' },
  { name: 'privacy library, what a survey page uses', path: 'privacy/dist/survey-path.js', limit: '4 kB' },
  { name: 'privacy library, all entries', path: 'privacy/dist/whole-package.js', limit: '27.6 kB' },
].map((check) => ({ ...check, gzip: true }));
