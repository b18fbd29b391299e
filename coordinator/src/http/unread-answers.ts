import { ChoraleError } from '@chorale/protocol';
import type { FastifyInstance, FastifyReply } from 'fastify';

/** Answers that matter here; smaller ones fit the system's buffers. */
const LARGE_BYTES = 16 * 1024;

/** When whoever finds no room should ask again. */
const RETRY_MS = 1000;

/**
 * Bounds what clients can hold by asking for much and reading it slowly: texts that are written for one
 * request must fit `bytes` together, and a large answer that is not taken within `patienceMs` is cut off.
 * Buffers are not counted: they are shared by all who are sent the same. Streams have no bound.
 */
export function limitUnread(app: FastifyInstance, { bytes, patienceMs }: { bytes: number; patienceMs: number }): void {
  let unread = 0;
  app.addHook('onSend', async (_request, reply, payload) => {
    const length = lengthOf(payload);
    if (length < LARGE_BYTES) return payload;
    const own = typeof payload === 'string' ? length : 0;
    if (own > 0 && unread > 0 && unread + own > bytes) {
      throw new ChoraleError('UNAVAILABLE', 'too many answers are not taken yet; try again', {
        retryAfterMs: RETRY_MS,
      });
    }
    unread += own;
    whenTaken(reply, patienceMs, () => {
      unread -= own;
    });
    return payload;
  });
}

function lengthOf(payload: unknown): number {
  if (typeof payload === 'string') return Buffer.byteLength(payload);
  return payload instanceof Uint8Array ? payload.byteLength : 0;
}

/** Calls back once the answer has left or its connection is gone, which it soon is after `patienceMs`. */
function whenTaken({ raw }: FastifyReply, patienceMs: number, done: () => void): void {
  const timer = setTimeout(() => raw.destroy(), patienceMs);
  raw.once('close', () => {
    clearTimeout(timer);
    done();
  });
}
