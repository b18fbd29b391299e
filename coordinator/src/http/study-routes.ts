import { canonicalManifest, Manifest } from '@chorale/protocol';
import type { Admission } from '../operations/admission.ts';
import type { TrainingService } from '../rounds/training-service.ts';
import type { Store } from '../storage/store.ts';
import type { StudyRegistry } from '../surveys/study-registry.ts';
import { summarizeStudy } from '../surveys/study-summary.ts';
import { actorOf, type Permit } from './access.ts';
import { Nothing, PublishOutcome, Rounds, StudyState, StudySummaries } from './answer-schemas.ts';
import { isKnown } from './etag.ts';
import { manifestOrError, STUDY_BYTES } from './manifest-body.ts';
import { StudyParams } from './route-params.ts';
import type { ChoraleApp } from './route-schema.ts';

type Options = {
  store: Store;
  studies: StudyRegistry;
  training: TrainingService;
  admission: Admission;
  permit: Permit;
};

/** Studies and their rounds. Reading needs no permission: all of it is published. */
export function studyRoutes(app: ChoraleApp, options: Options): void {
  const { store, studies, training, admission, permit } = options;

  app.get(
    '/studies',
    { schema: { summary: 'All studies, in the order of their publication', response: { 200: StudySummaries } } },
    async () => Promise.all((await studies.list()).map((study) => summarizeStudy(study, { store, studies }))),
  );

  app.get(
    '/studies/:id',
    {
      schema: {
        summary: 'The manifest as the very bytes that its identity is the SHA-256 of',
        params: StudyParams,
        response: { 200: Manifest, 304: Nothing },
        problems: [404],
      },
    },
    async (request, reply) => {
      const { manifest, hash } = await studies.get(request.params.id);
      const etag = `"${hash}"`;
      reply.header('etag', etag);
      if (isKnown(request.headers, etag)) return reply.code(304).send(undefined);
      reply.serializer(String).type('application/json; charset=utf-8');
      return reply.send(canonicalManifest(manifest) as never);
    },
  );

  app.get(
    '/studies/:id/state',
    {
      schema: {
        summary: 'Whether the study still takes reports and begins rounds',
        params: StudyParams,
        response: { 200: StudyState },
        problems: [404],
      },
    },
    async (request, reply) => {
      const { id } = (await studies.get(request.params.id)).manifest;
      return reply.header('cache-control', 'no-store').send({ study: id, state: await studies.state(id) });
    },
  );

  app.get(
    '/studies/:id/rounds',
    {
      schema: {
        summary: 'Training rounds so far, with what they spent',
        params: StudyParams,
        response: { 200: Rounds },
        problems: [404],
      },
    },
    async (request) => {
      const study = await studies.get(request.params.id);
      await training.start(study);
      return training.rounds(study.manifest.id);
    },
  );

  app.post(
    '/studies',
    {
      bodyLimit: STUDY_BYTES,
      schema: {
        summary: 'Publish a study without approval, for automation; the same one again changes nothing',
        bearer: 'operator',
        body: Manifest,
        response: { 200: PublishOutcome, 201: PublishOutcome },
        problems: [400, 401, 403, 409, 413, 415],
      },
      validatorCompiler: manifestOrError,
      onRequest: [permit('operate', 'publishing a study'), async () => admission.require()],
    },
    async (request, reply) => {
      const { outcome, study } = await studies.publish(request.body, actorOf(request));
      await training.start(study);
      return reply
        .code(outcome === 'created' ? 201 : 200)
        .send({ study: study.manifest.id, manifest: study.hash, outcome });
    },
  );
}
