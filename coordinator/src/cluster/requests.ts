import { ChoraleError, type WireError } from '@chorale/protocol';

type Pending = { node: number; succeed: (value: unknown) => void; fail: (error: Error) => void; cancel: () => void };

/** How long the owner of a study may take to answer. */
const PATIENCE_MS = 5000;

/** Requests to other nodes that wait for their answer. */
export class Requests {
  readonly #pending = new Map<number, Pending>();
  #next = 1;

  /**
   * @param send says the request, under the number it is given
   * @throws ChoraleError what the other node refused with, or `UNAVAILABLE` when it does not answer
   */
  ask(node: number, send: (id: number) => void): Promise<unknown> {
    const id = this.#next++;
    return new Promise((succeed, fail) => {
      const timer = setTimeout(() => this.#settle(id, (request) => request.fail(unavailable())), PATIENCE_MS);
      this.#pending.set(id, { node, succeed, fail, cancel: () => clearTimeout(timer) });
      send(id);
    });
  }

  answer(id: number, value: unknown): void {
    this.#settle(id, ({ succeed }) => succeed(value));
  }

  refuse(id: number, { code, message, retryAfterMs }: WireError): void {
    const options = retryAfterMs === undefined ? {} : { retryAfterMs };
    this.#settle(id, ({ fail }) => fail(new ChoraleError(code, message, options)));
  }

  /** Gives up on what was asked of nodes that are gone. */
  giveUp(isGone: (node: number) => boolean): void {
    for (const [id, { node }] of this.#pending) {
      if (isGone(node)) this.#settle(id, ({ fail }) => fail(unavailable()));
    }
  }

  #settle(id: number, how: (request: Pending) => void): void {
    const request = this.#pending.get(id);
    if (request === undefined) return;
    this.#pending.delete(id);
    request.cancel();
    how(request);
  }
}

/** The node that could say is gone or busy: the same request will do later. */
export function unavailable(): ChoraleError {
  return new ChoraleError('UNAVAILABLE', 'the coordinator is changing hands; try again in a moment', {
    retryAfterMs: 1000,
  });
}
