import { ChoraleError, type ErrorCode } from '@chorale/protocol';
import type { Logger } from 'pino';

/** One line of a kind in this time. */
const PAUSE_MS = 1000;

/**
 * Writes down failures that are the coordinator's own: a store that fails, or a bug. Of a kind at most one
 * a second, with the number of those left out since: a log must not fill the disk that is full already.
 */
export class FailureLog {
  readonly #log: Pick<Logger, 'error'>;
  readonly #now: () => number;
  readonly #kinds = new Map<ErrorCode, { writtenAt: number; leftOut: number }>();

  /** @param options.now milliseconds on any steady clock */
  constructor({ log, now = () => performance.now() }: { log: Pick<Logger, 'error'>; now?: () => number }) {
    this.#log = log;
    this.#now = now;
  }

  /** Takes any refusal; what a client did wrong is none. */
  note(error: unknown): void {
    const code = error instanceof ChoraleError ? error.code : 'INTERNAL';
    if (code !== 'INTERNAL' && code !== 'STORAGE_UNAVAILABLE') return;
    const now = this.#now();
    const kind = this.#kinds.get(code);
    if (kind !== undefined && now - kind.writtenAt < PAUSE_MS) {
      kind.leftOut += 1;
      return;
    }
    this.#log.error({ err: error, leftOut: kind?.leftOut ?? 0 }, 'a request failed');
    this.#kinds.set(code, { writtenAt: now, leftOut: 0 });
  }
}
