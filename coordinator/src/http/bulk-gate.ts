import { ChoraleError } from '@chorale/protocol';

/** When whoever finds the queue full should come again. */
const RETRY_MS = 1000;

/**
 * Lets a few large bodies be read at a time and others wait their turn, so that memory is bounded however
 * many clients send at once.
 */
export class BulkGate {
  readonly #limit: number;
  readonly #queueLimit: number;
  readonly #queue: (() => void)[] = [];
  #open = 0;

  /** @param options.atOnce bodies that are read at a time; `waiting` is how many more may wait */
  constructor({ atOnce, waiting }: { atOnce: number; waiting: number }) {
    this.#limit = atOnce;
    this.#queueLimit = waiting;
  }

  /**
   * Runs `work` when it is its turn.
   * @param signal gives up waiting: the client has gone
   * @throws ChoraleError `UNAVAILABLE` where too many wait already
   */
  async run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    if (this.#open >= this.#limit) await this.#turn(signal);
    else this.#open += 1;
    try {
      return await work();
    } finally {
      // Handed on as it is, so that nobody who comes meanwhile can slip in.
      const next = this.#queue.shift();
      if (next === undefined) this.#open -= 1;
      else next();
    }
  }

  async #turn(signal: AbortSignal): Promise<void> {
    if (this.#queue.length >= this.#queueLimit) {
      throw new ChoraleError('UNAVAILABLE', 'too many updates arrive at once; try again', { retryAfterMs: RETRY_MS });
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const turn = (): void => resolve();
    const giveUp = (): void => {
      const index = this.#queue.indexOf(turn);
      if (index === -1) return;
      this.#queue.splice(index, 1);
      reject(new ChoraleError('CONNECTION_LOST', 'the client has gone'));
    };
    this.#queue.push(turn);
    signal.addEventListener('abort', giveUp, { once: true });
    await promise.finally(() => signal.removeEventListener('abort', giveUp));
  }
}
