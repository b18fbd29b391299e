import type { IncomingMessage } from 'node:http';
import { ChoraleError } from '@chorale/protocol';

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
 * Reads a body into one buffer of the size that it declares, or else of the limit.
 * @throws ChoraleError `MESSAGE_TOO_LARGE` at the first byte beyond the limit, `CONNECTION_LOST` when it
 *   ends early or stalls
 */
export async function readBody(request: IncomingMessage, limit: number): Promise<Uint8Array> {
  const body = new Uint8Array(declaredBytes(request, limit) ?? limit);
  const stalled = setTimeout(() => request.destroy(new Error('the body stalled')), STALL_MS);
  let length = 0;
  try {
    // A refusal can still be answered on a request that stays open.
    const chunks: AsyncIterable<Uint8Array> = request.iterator({ destroyOnReturn: false });
    for await (const chunk of chunks) {
      stalled.refresh();
      if (length + chunk.length > body.length) throw tooLarge(limit);
      body.set(chunk, length);
      length += chunk.length;
    }
  } catch (cause) {
    if (cause instanceof ChoraleError) throw cause;
    throw new ChoraleError('CONNECTION_LOST', 'the body did not arrive', { cause });
  } finally {
    clearTimeout(stalled);
  }
  return body.subarray(0, length);
}

function tooLarge(limit: number): ChoraleError {
  return new ChoraleError('MESSAGE_TOO_LARGE', `the body may have at most ${limit} bytes`);
}
