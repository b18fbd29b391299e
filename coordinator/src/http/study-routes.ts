import { timingSafeEqual } from 'node:crypto';
import { canonicalManifest, ChoraleError, encodeParameters, parseManifest } from '@chorale/protocol';
import type { FastifyInstance } from 'fastify';
import type { TrainingService } from '../rounds/training-service.ts';
import type { Store } from '../storage/store.ts';
import type { ReportService } from '../surveys/report-service.ts';
import { ResultsService } from '../surveys/results-service.ts';
import type { StudyRegistry } from '../surveys/study-registry.ts';
import { summarizeStudy } from '../surveys/study-summary.ts';

type Options = {
  store: Store;
  studies: StudyRegistry;
  reports: ReportService;
  training: TrainingService;
  operatorToken: string;
};
type Params = { Params: { id: string } };

/** Longest body of a study, in bytes: room for a manifest that is laid out for people. */
const STUDY_BYTES = 512 * 1024;

/** Studies, their results and their models. Reading needs no permission: all of it is published. */
export async function studyRoutes(
  app: FastifyInstance,
  { store, studies, reports, training, operatorToken }: Options,
): Promise<void> {
  const results = new ResultsService({ studies, reports });

  app.addHook('onRequest', async (request, reply) => {
    // Pages of any origin embed a survey; there is nothing here that cookies would open.
    if (request.method === 'GET' || request.method === 'HEAD') reply.header('access-control-allow-origin', '*');
    reply.header('cache-control', 'no-cache');
  });

  app.get('/studies', async () => {
    return Promise.all((await studies.list()).map((study) => summarizeStudy(study, store)));
  });

  app.get<Params>('/studies/:id', async (request, reply) => {
    const { manifest, hash } = await studies.get(request.params.id);
    const etag = `"${hash}"`;
    reply.header('etag', etag).header('access-control-expose-headers', 'etag');
    if (request.headers['if-none-match'] === etag) return reply.code(304).send();
    return reply.type('application/json; charset=utf-8').send(canonicalManifest(manifest));
  });

  app.get<Params>('/studies/:id/results', (request) => results.of(request.params.id));

  const rounds = async (id: string) => training.rounds((await studies.get(id)).manifest.id);
  app.get<Params>('/studies/:id/rounds', (request) => rounds(request.params.id));

  app.get<Params>('/studies/:id/model', async (request, reply) => {
    const { manifest } = await studies.get(request.params.id);
    const model = manifest.training === undefined ? null : await store.latestModel(manifest.id);
    if (model === null) throw new ChoraleError('TRAINING_ABSENT', `study ${manifest.id} has no trained model`);
    return reply
      .header('x-chorale-model-round', String(model.modelRound))
      .header('access-control-expose-headers', 'x-chorale-model-round')
      .type('application/octet-stream')
      .send(Buffer.from(encodeParameters(model.parameters)));
  });

  app.post('/studies', { bodyLimit: STUDY_BYTES }, async (request, reply) => {
    if (!isOperator(request.headers.authorization, operatorToken)) {
      throw new ChoraleError('TOKEN_INVALID', 'publishing a study needs the operator token');
    }
    const { outcome, study } = await studies.publish(parseManifest(request.body));
    await training.start(study);
    return reply
      .code(outcome === 'created' ? 201 : 200)
      .send({ study: study.manifest.id, manifest: study.hash, outcome });
  });
}

function isOperator(authorization: string | undefined, token: string): boolean {
  const given = Buffer.from(authorization ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
