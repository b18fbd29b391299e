import {
  ChoraleError,
  formatBytes,
  PLAIN_FORMAT,
  type TrainingTask,
  updateFormat,
  histogramCells,
  updateLength,
} from '@chorale/protocol';
import type { TrainingService } from '../rounds/training-service.ts';
import type { Invitations } from '../surveys/invitations.ts';
import type { StudyRegistry } from '../surveys/study-registry.ts';
import { UpdateOutcome } from './answer-schemas.ts';
import type { BodyBuffers } from './body-buffers.ts';
import type { BulkGate } from './bulk-gate.ts';
import { bearerToken } from './bearer-token.ts';
import { declaredBytes, readBody } from './read-body.ts';
import { RoundParams } from './route-params.ts';
import type { ChoraleApp } from './route-schema.ts';

type Options = {
  studies: StudyRegistry;
  training: TrainingService;
  invitations: Invitations;
  gate: BulkGate;
  buffers: BodyBuffers;
};

/** When a client whose earlier request still sends may try again. */
const RETRY_MS = 1000;

/**
 * Takes contributions that are too large for a socket. Who sends, and how much, is known before any of it
 * is read; a participant sends one at a time.
 */
export function updateRoute(app: ChoraleApp, { studies, training, invitations, gate, buffers }: Options): void {
  const sending = new Set<string>();

  app.addContentTypeParser('application/octet-stream', (_request, _payload, done) => done(null));

  app.post(
    '/studies/:id/rounds/:round/update',
    {
      schema: {
        summary:
          'Contribute an update or a histogram to a round: little-endian integers, 32 bits each or as the task says',
        params: RoundParams,
        bearer: 'invitation',
        consumes: 'application/octet-stream',
        response: { 200: UpdateOutcome },
        problems: [401, 403, 404, 409, 413, 415, 422],
      },
    },
    async (request) => {
      const { id: study, round } = request.params;
      const published = await studies.get(study);
      const { manifest } = published;
      if (manifest.training === undefined) throw new ChoraleError('TRAINING_ABSENT', 'the study has no training');
      const claims = await invitations.verify(bearerToken(request));
      if (claims.study !== study) throw new ChoraleError('TOKEN_INVALID', 'the invitation is to another study');
      const limit = contributionBytes(manifest.training);
      const bytes = declaredBytes(request.raw, limit) ?? limit;

      await training.start(published);
      const { sub: participant } = claims;
      const sender = `${study} ${participant}`;
      if (sending.has(sender)) {
        throw new ChoraleError('RATE_LIMITED', 'an update of this client is arriving', { retryAfterMs: RETRY_MS });
      }
      sending.add(sender);
      try {
        const take = async (buffer: Uint8Array): Promise<{ duplicate: boolean }> => {
          const update = await readBody(request.raw, buffer.subarray(0, bytes));
          return training.update({ study, participant, client: null, round, update });
        };
        return await gate.run(
          () => buffers.lend(bytes, take),
          () => request.signal,
        );
      } finally {
        sending.delete(sender);
      }
    },
  );
}

/** Bytes of the largest contribution to a round of this task. */
function contributionBytes(task: TrainingTask): number {
  const update = formatBytes(updateFormat(task), updateLength(task));
  return Math.max(update, formatBytes(PLAIN_FORMAT, histogramCells(task)));
}
