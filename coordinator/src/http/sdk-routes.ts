import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import fastifyStatic from '@fastify/static';
import * as v from 'valibot';
import { BuildMissingError } from './build-missing-error.ts';
import type { ChoraleApp } from './route-schema.ts';

/** What the SDK's build says of itself: a version that changes with its content, and the integrity of every file. */
const Release = v.object({
  version: v.pipe(v.string(), v.regex(/^[\w.-]+$/)),
  integrity: v.record(v.string(), v.pipe(v.string(), v.startsWith('sha384-'))),
});

/** Pages of any origin may load it, and pages that only load what says so (COEP). */
const SHARED = {
  'access-control-allow-origin': '*',
  'cross-origin-resource-policy': 'cross-origin',
};

/**
 * The built SDK, for pages that embed it from here: its files for good under `/sdk/<version>/`, and what the present
 * version is at `/sdk/release.json`.
 * @throws BuildMissingError when the folder has no build.
 */
export async function sdkRoutes(app: ChoraleApp, folder: string): Promise<void> {
  const root = resolve(folder);
  const release = await readRelease(root);
  app.get('/sdk/release.json', { schema: { hide: true } }, (_request, reply) =>
    reply
      .headers({ ...SHARED, 'cache-control': 'no-cache' })
      .type('application/json; charset=utf-8')
      .send(JSON.stringify({ ...release, url: `/sdk/${release.version}/chorale.js` })),
  );
  await app.register(fastifyStatic, {
    root,
    prefix: `/sdk/${release.version}/`,
    index: false,
    cacheControl: false,
    preCompressed: true,
    setHeaders: (reply) => {
      for (const [name, value] of Object.entries(SHARED)) reply.header(name, value);
      reply.header('cache-control', 'public, max-age=31536000, immutable');
    },
  });
}

async function readRelease(root: string): Promise<v.InferOutput<typeof Release>> {
  try {
    return v.parse(Release, JSON.parse(await readFile(join(root, 'release.json'), 'utf8')));
  } catch (cause) {
    throw new BuildMissingError(`folder ${root} has no built SDK: run "npm run build" first`, { cause });
  }
}
