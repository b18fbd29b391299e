import { createHmac } from 'node:crypto';
import { join, resolve, sep } from 'node:path';
import fastifyStatic from '@fastify/static';
import { ChoraleError, Identifier, type Manifest } from '@chorale/protocol';
import * as v from 'valibot';
import type { Invitations } from '../surveys/invitations.ts';
import type { StudyRegistry } from '../surveys/study-registry.ts';
import { Tokens } from './answer-schemas.ts';
import type { ChoraleApp } from './route-schema.ts';

type Options = { folder: string; nameSecret: Uint8Array; studies: StudyRegistry; invitations: Invitations };

const InvitationRequest = v.strictObject({
  study: Identifier,
  invitations: v.pipe(
    v.array(v.strictObject({ name: v.pipe(v.string(), v.minLength(1), v.maxLength(200)), group: Identifier })),
    v.minLength(1),
    v.maxLength(1000),
  ),
});

/** Only what the pages need: no other origin is contacted, framed by or posted to. */
const PAGE_POLICY = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self' blob:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'self'",
].join('; ');

const PAGES = {
  '/': 'index.html',
  '/survey': 'survey.html',
  '/site': 'site.html',
  '/results': 'results.html',
  '/results/*': 'results.html',
  '/model': 'model.html',
  '/studio': 'studio.html',
  '/officer': 'officer.html',
};

/** The demo's pages, and invitations for whoever asks: never part of a real deployment. */
export async function demoRoutes(
  app: ChoraleApp,
  { folder, nameSecret, studies, invitations }: Options,
): Promise<void> {
  const root = resolve(folder, 'dist');
  const assets = join(root, 'assets') + sep;
  await app.register(fastifyStatic, {
    root,
    index: false,
    cacheControl: false,
    setHeaders: (reply, path) => {
      reply.header('content-security-policy', PAGE_POLICY);
      reply.header('cross-origin-opener-policy', 'same-origin');
      // File names under assets/ carry a hash of what they hold.
      reply.header('cache-control', path.startsWith(assets) ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
  for (const [path, file] of Object.entries(PAGES)) {
    app.get(path, { schema: { hide: true } }, (_request, reply) => reply.sendFile(file));
  }

  app.post(
    '/demo/invitations',
    {
      schema: {
        summary: 'Invitations to a study of this demonstration, for whoever asks',
        body: InvitationRequest,
        response: { 200: Tokens },
        problems: [404, 413, 415],
      },
    },
    async (request) => {
      const { study, invitations: wanted } = request.body;
      const { manifest } = await studies.get(study);
      const groups = new Set(manifest.groups.values.map((group) => group.id));
      const stranger = wanted.find(({ group }) => !groups.has(group));
      if (stranger !== undefined) {
        throw new ChoraleError('MESSAGE_MALFORMED', `the study has no group ${stranger.group}`);
      }
      const sign = ({ name, group }: { name: string; group: string }) =>
        invitations.sign({ study, sub: subject(nameSecret, manifest, name), group });
      return { tokens: await Promise.all(wanted.map(sign)) };
    },
  );
}

/**
 * One name is one participant of a study, wherever it is asked for, and says nothing about the name. In all waves of a
 * series it is the same participant: else nobody could see whose answers two waves have in common.
 */
function subject(secret: Uint8Array, { id, series }: Manifest, name: string): string {
  // No study has an id like that of a series here.
  const scope = series === undefined ? id : `series ${series}`;
  return createHmac('sha256', secret).update(`${scope}\n${name}`).digest('base64url');
}
