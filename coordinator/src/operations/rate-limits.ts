import { ChoraleError } from '@chorale/protocol';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

/** Requests in ten seconds, over HTTP and sockets together; 0 is no limit. */
export type RateLimitOptions = { perConnection: number; perAddress: number };

export const WINDOW_SECONDS = 10;

/** So many times its share, and a connection is not worth the answers any longer. */
const FLOOD_FACTOR = 4;

/**
 * Counts requests by connection and by address, in memory alone and for one window. A whole company may
 * sit behind one address, so its share is no protection against a crowd; it keeps one machine from taking
 * all.
 */
export class RateLimits {
  readonly #connections: RateLimiterMemory | null;
  readonly #addresses: RateLimiterMemory | null;
  readonly #floodPoints: number;

  constructor({ perConnection, perAddress }: RateLimitOptions) {
    this.#connections = newLimiter(perConnection);
    this.#addresses = newLimiter(perAddress);
    this.#floodPoints = FLOOD_FACTOR * perConnection;
  }

  /**
   * Counts one request.
   * @param source.connection where the request came by a connection that stays
   * @throws RateLimitedError
   */
  async take({ address, connection }: { address: string; connection?: string }): Promise<void> {
    let isOfConnection = connection !== undefined;
    try {
      if (connection !== undefined && this.#connections !== null) await this.#connections.consume(connection);
      isOfConnection = false;
      if (this.#addresses !== null) await this.#addresses.consume(address);
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error;
      const isFlood = isOfConnection && error.consumedPoints > this.#floodPoints;
      // Told by the system's clock, which may have been set meanwhile.
      const retryAfterMs = Math.min(1000 * WINDOW_SECONDS, Math.max(1, error.msBeforeNext));
      throw new RateLimitedError({ retryAfterMs, isFlood });
    }
  }
}

function newLimiter(points: number): RateLimiterMemory | null {
  // Each limiter has a memory of its own: a prefix would only have to be put together for every request.
  return points === 0 ? null : new RateLimiterMemory({ points, duration: WINDOW_SECONDS, keyPrefix: '' });
}

/** More was asked than there is room for. */
export class RateLimitedError extends ChoraleError {
  /** The connection went on asking, far beyond its limit. */
  readonly isFlood: boolean;

  constructor({ retryAfterMs, isFlood = false }: { retryAfterMs: number; isFlood?: boolean }) {
    super('RATE_LIMITED', 'too many requests; try again later', { retryAfterMs });
    this.name = 'RateLimitedError';
    this.isFlood = isFlood;
  }
}
