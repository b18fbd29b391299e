import { RateLimitedError } from './rate-limits.ts';

/** Bytes of requests that may be under way: of one connection, and of all. */
const LIMIT = { connection: 16 * 1024 * 1024, node: 256 * 1024 * 1024 } as const;

/** What a request takes beside its own bytes. */
const REQUEST_BYTES = 1024;

/** When whoever finds it full should ask again. */
const RETRY_MS = 1000;

/** Requests that are not answered yet, by their bytes: whoever sends faster than the store writes must wait. */
export class Backlog {
  #node = 0;
  #idle: PromiseWithResolvers<void> | null = null;
  /** Those that have requests under way. */
  readonly #connections = new Map<object, number>();

  /**
   * Runs a request, and counts it until it is done.
   * @param request.bytes of what it keeps in memory, roughly
   * @throws RateLimitedError where too much is under way already
   */
  async run<T>(request: { connection: object; bytes: number }, work: () => T | Promise<T>): Promise<T> {
    const bytes = request.bytes + REQUEST_BYTES;
    const before = this.#connections.get(request.connection) ?? 0;
    if (before + bytes > LIMIT.connection || this.#node + bytes > LIMIT.node) {
      throw new RateLimitedError({ retryAfterMs: RETRY_MS });
    }
    this.#count(request.connection, bytes);
    try {
      return await work();
    } finally {
      this.#count(request.connection, -bytes);
    }
  }

  /** Resolves once nothing is under way, and the answers have left. */
  async idle(): Promise<void> {
    do {
      if (this.#node > 0) await (this.#idle ??= Promise.withResolvers()).promise;
      // What waits for the end of a request runs before this.
      await new Promise((resolve) => setImmediate(resolve));
    } while (this.#node > 0);
  }

  #count(connection: object, bytes: number): void {
    this.#node += bytes;
    const left = (this.#connections.get(connection) ?? 0) + bytes;
    if (left === 0) this.#connections.delete(connection);
    else this.#connections.set(connection, left);
    if (this.#node > 0) return;
    this.#idle?.resolve();
    this.#idle = null;
  }
}
