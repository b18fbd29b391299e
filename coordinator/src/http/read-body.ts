import type { IncomingMessage } from 'node:http';
import { ChoraleError } from '@chorale/protocol';
import { freeMemory } from '../operations/free-memory.ts';

/** Longest pause between two parts of a body; a client that stalls holds memory for nothing. */
const STALL_MS = 10_000;

/**
 * What a request says that its body will take, in bytes; `null` where it does not say.
 * @throws ChoraleError `MESSAGE_TOO_LARGE` for more than `limit`: nothing of it is read
 */
export function declaredBytes(request: IncomingMessage, limit: number): number | null {
  const declared = request.headers['content-length'];
  if (declared === undefined) return null;
  if (Number(declared) > limit) throw tooLarge(limit);
  return Number(declared);
}

/**
 * Reads a body into a buffer that is as long as the longest one that is taken.
 * @returns the part of the buffer that the body fills
 * @throws ChoraleError `MESSAGE_TOO_LARGE` at the first byte beyond it, `CONNECTION_LOST` when the body ends
 *   early or stalls
 */
export async function readBody(request: IncomingMessage, buffer: Uint8Array): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const stalled = setTimeout(() => request.destroy(new Error('the body stalled')), STALL_MS);
  let length = 0;
  // Events, because an iterator takes as long as all else that is done for the bytes.
  const take = (chunk: Uint8Array): void => {
    stalled.refresh();
    if (length + chunk.length > buffer.length) {
      reject(tooLarge(buffer.length));
      return;
    }
    buffer.set(chunk, length);
    length += chunk.length;
    // Node made it for this event alone. Waiting for the garbage collector took half of the time of a large body.
    if (chunk.length === chunk.buffer.byteLength) freeMemory(chunk);
  };
  const lost = (cause?: unknown): void => {
    reject(new ChoraleError('CONNECTION_LOST', 'the body did not arrive', { cause }));
  };
  if (request.destroyed) lost();
  const end = (): void => {
    request.off('close', lost);
    resolve();
  };
  request.on('data', take).on('end', end).on('error', lost).on('close', lost);
  try {
    await promise;
  } finally {
    clearTimeout(stalled);
    // The buffer may be another's from now on. What is still to come of a body that was refused is thrown away.
    request.off('data', take).off('end', end).off('close', lost).resume();
  }
  return buffer.subarray(0, length);
}

function tooLarge(limit: number): ChoraleError {
  return new ChoraleError('MESSAGE_TOO_LARGE', `the body may have at most ${limit} bytes`);
}
