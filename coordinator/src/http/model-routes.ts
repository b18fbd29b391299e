import { createHash } from 'node:crypto';
import { ChoraleError, type TrainingTask } from '@chorale/protocol';
import type { TrainingService } from '../rounds/training-service.ts';
import type { Store } from '../storage/store.ts';
import type { PublishedStudy, StudyRegistry } from '../surveys/study-registry.ts';
import { modelCard } from '../rounds/model-card.ts';
import { Card, LayersModel } from './answer-schemas.ts';
import { isKnown } from './etag.ts';
import { layersModel } from './layers-model.ts';
import { ModelParams, StudyParams } from './route-params.ts';
import type { ChoraleApp } from './route-schema.ts';
import { type TrainedModel, TrainedModels } from './trained-models.ts';

type Options = { store: Store; studies: StudyRegistry; training: TrainingService };

const BYTES = 'application/octet-stream';

/** Models of studies: the trained one for tfjs, and the present one as clients of a round start from it. */
export function modelRoutes(app: ChoraleApp, { store, studies, training }: Options): void {
  const models = new TrainedModels(store);
  const trained = async (id: string): Promise<{ study: PublishedStudy; task: TrainingTask; model: TrainedModel }> => {
    const study = await studies.get(id);
    const task = study.manifest.training;
    if (task === undefined) throw new ChoraleError('TRAINING_ABSENT', `study ${id} has no training`);
    return { study, task, model: await models.latest(study.manifest.id) };
  };

  // One model is sent to many: it is hashed once.
  const tags = new WeakMap<Uint8Array, string>();
  const tagOf = (bytes: Uint8Array): string => {
    const tag = tags.get(bytes) ?? `"sha256-${createHash('sha256').update(bytes).digest('base64url')}"`;
    tags.set(bytes, tag);
    return tag;
  };

  app.get(
    '/studies/:id/model',
    {
      schema: {
        summary: 'The trained model, for loadLayersModel of TensorFlow.js',
        params: StudyParams,
        response: { 200: LayersModel },
        problems: [404],
      },
    },
    async (request) => {
      const { study, task, model } = await trained(request.params.id);
      const { modelRound } = model;
      // Relative to the address of the model itself.
      return layersModel({
        study: study.manifest.id,
        manifest: study.hash,
        task,
        modelRound,
        weightsPath: 'model/weights.bin',
      });
    },
  );

  app.get(
    '/studies/:id/model/weights.bin',
    {
      schema: {
        summary: 'Weights of the trained model: 32-bit little-endian floats',
        params: StudyParams,
        produces: BYTES,
        problems: [404],
      },
    },
    async (request, reply) => {
      const { bytes } = (await trained(request.params.id)).model;
      const etag = tagOf(bytes);
      reply.header('etag', etag);
      if (isKnown(request.headers, etag)) return reply.code(304).send();
      return reply.type(BYTES).send(bytes);
    },
  );

  app.get(
    '/studies/:id/model/card',
    {
      schema: {
        summary: 'Model card: what the model was made of, at what privacy, how well it does, what it is not for',
        params: StudyParams,
        response: { 200: Card },
        problems: [404],
      },
    },
    async (request) => {
      const { study, task, model } = await trained(request.params.id);
      await training.start(study);
      const rounds = await training.rounds(study.manifest.id);
      return modelCard({ manifest: { ...study.manifest, training: task }, rounds, modelRound: model.modelRound });
    },
  );

  app.get(
    '/studies/:id/models/:modelRound',
    {
      schema: {
        summary: 'The present model after so many committed rounds: 32-bit little-endian floats',
        params: ModelParams,
        produces: BYTES,
        problems: [404],
      },
    },
    async (request, reply) => {
      const { id, modelRound } = request.params;
      const study = await studies.get(id);
      await training.start(study);
      const bytes = await training.model(study.manifest.id, modelRound);
      if (bytes === null)
        throw new ChoraleError('ROUND_CLOSED', `the present model is not the one after ${modelRound} rounds`);
      const etag = tagOf(bytes);
      reply.header('etag', etag).header('cache-control', 'public, max-age=31536000, immutable');
      if (isKnown(request.headers, etag)) return reply.code(304).send();
      return reply.type(BYTES).send(asBuffer(bytes));
    },
  );
}

/** Fastify sends no other bytes. */
function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
