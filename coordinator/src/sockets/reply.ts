import { ChoraleError, type Reply } from '@chorale/protocol';
import type { Logger } from 'pino';

/**
 * Answers one request of a client: with what `handler` returns, or with its refusal. Nothing that a
 * client sends makes it throw; a client that asks for no acknowledgement gets none.
 * @param reply the acknowledgement as it came from the network: perhaps missing, perhaps no function
 */
export async function answer<T extends object>(
  reply: unknown,
  handler: () => T | Promise<T>,
  { log }: { log: Logger },
): Promise<void> {
  const message = await settle(handler, log);
  if (typeof reply === 'function') reply(message);
}

async function settle<T extends object>(handler: () => T | Promise<T>, log: Logger): Promise<Reply<T>> {
  try {
    return { ok: true, ...(await handler()) };
  } catch (error) {
    if (error instanceof ChoraleError) {
      if (error.code === 'STORAGE_UNAVAILABLE') log.error({ err: error }, 'the store failed');
      return { ok: false, error: error.toWire() };
    }
    log.error({ err: error }, 'a request failed');
    return {
      ok: false,
      error: { code: 'INTERNAL', message: 'the coordinator failed; try again later', retryAfterMs: 5000 },
    };
  }
}
