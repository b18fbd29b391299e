import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';
import { shortTemplates } from './short-templates.ts';

const file = (path: string) => resolve(import.meta.dirname, path);

/**
 * What is loaded later or by workers: texts, training, sockets, and what only they need. All else is what every survey
 * needs, in one file, which compresses better than several.
 */
const later = new RegExp(
  [
    '/sdk/src/elements/(loader\\.ts|own-messages\\.ts|messages/)',
    '/sdk/src/training/(?!training-task\\.ts)',
    '/sdk/src/sampled-spends\\.ts$',
    '/sdk/src/connection/(bulk-transfer|coordinator-connection|gate|replies|round-subscription)\\.ts$',
    '/node_modules/(@?socket\\.io|engine\\.io|@tensorflow)',
    '/protocol/src/(adaptive-clipping|manifest|messages|one-shot|training-[\\w-]+|update[\\w-]*)\\.ts$',
    '/privacy/src/(updates/|accounting/(lattice|loss-distribution|renyi-accounting|sampled-spends|subsampled)|numerics/(fft|log-sums))',
    '/training/src/',
  ].join('|'),
);

/**
 * The embeddable SDK: `dist/chorale.js`, which a page includes, and what that loads. `dist/release.json` names the
 * version, under which a coordinator serves the folder for good, and the integrity of every file.
 */
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [plainImports(), noWebTransport(), shortTemplates(), release()],
  worker: { format: 'es' },
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: true,
    modulePreload: false,
    assetsInlineLimit: 0,
    // tfjs's backends are fetched by large models only.
    chunkSizeWarningLimit: 900,
    rolldownOptions: {
      input: { chorale: file('src/elements/loader.ts') },
      output: {
        entryFileNames: '[name].js',
        chunkFileNames: '[name]-[hash].js',
        assetFileNames: '[name]-[hash][extname]',
        codeSplitting: {
          groups: [{ name: 'elements', test: (id: string) => !later.test(id) }],
          includeDependenciesRecursively: false,
        },
      },
    },
  },
});

/**
 * Empties Vite's wrapper of `import()`: it loads style sheets, of which there are none, and weighs a kilobyte. Each file
 * has its own, or all would import `chorale.js`, which would run twice where a page includes it by another address.
 */
function plainImports(): Plugin {
  const wrapper = '__vitePreload = (load) => load()';
  return {
    name: 'plain-imports',
    renderChunk: {
      order: 'pre',
      handler(code) {
        if (!code.includes('__VITE_PRELOAD__')) return undefined;
        const own = code
          .replaceAll(', __VITE_PRELOAD__, import.meta.url)', ')')
          .replaceAll(/(import \{.*?)(?:, )?\w+ as __vitePreload\b(.*?\} from "[^"]+";)/g, '$1$2')
          .replaceAll(/import \{\s+\} from "[^"]+";/g, '');
        return { code: own.includes(wrapper) ? own : `const ${wrapper};\n${own}`, map: null };
      },
    },
    load: {
      order: 'pre',
      handler: (id) => (id.endsWith('vite/preload-helper.js') ? `export const ${wrapper};` : undefined),
    },
  };
}

/** The connection asks for websockets and polling; Engine.IO would bring this transport along unasked. */
function noWebTransport(): Plugin {
  return {
    name: 'no-web-transport',
    enforce: 'pre',
    load: (id) =>
      /engine\.io-client.*transports\/webtransport\.js$/.test(id) ? 'export const WT = undefined;' : undefined,
  };
}

/** Names this release by what is in it, so that its addresses never change their content; says how to embed it. */
function release(): Plugin {
  return {
    name: 'release',
    enforce: 'post',
    generateBundle(_options, bundle) {
      const content = new Map(
        Object.values(bundle).map((output) => [output.fileName, output.type === 'chunk' ? output.code : output.source]),
      );
      const integrity = Object.fromEntries(
        [...content].map(([name, source]) => [name, `sha384-${createHash('sha384').update(source).digest('base64')}`]),
      );
      const { version } = JSON.parse(readFileSync(file('package.json'), 'utf8')) as { version: string };
      const all = createHash('sha256')
        .update(JSON.stringify(Object.entries(integrity).toSorted(([a], [b]) => a.localeCompare(b))))
        .digest('hex');
      const name = `${version}-${all.slice(0, 12)}`;
      const source = `${JSON.stringify({ version: name, integrity }, null, 2)}\n`;
      this.emitFile({ type: 'asset', fileName: 'release.json', source });
      // A server need not compress what never changes.
      for (const [fileName, bytes] of content) {
        this.emitFile({ type: 'asset', fileName: `${fileName}.gz`, source: gzipSync(bytes, { level: 9 }) });
        this.emitFile({ type: 'asset', fileName: `${fileName}.br`, source: brotliCompressSync(bytes) });
      }
      this.info(`/sdk/${name}/chorale.js integrity="${integrity['chorale.js']}"`);
    },
  };
}
