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
    if (connection !== undefined) await this.#consume(this.#connections, connection);
    await this.#consume(this.#addresses, address);
  }

  async #consume(limiter: RateLimiterMemory | null, key: string): Promise<void> {
    try {
      await limiter?.consume(key);
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error;
      const isFlood = limiter === this.#connections && error.consumedPoints > this.#floodPoints;
      // Told by the system's clock, which may have been set meanwhile.
      const retryAfterMs = Math.min(1000 * WINDOW_SECONDS, Math.max(1, error.msBeforeNext));
      throw new RateLimitedError({ retryAfterMs, isFlood });
    }
  }
}

function newLimiter(points: number): RateLimiterMemory | null {
  return points === 0 ? null : new RateLimiterMemory({ points, duration: WINDOW_SECONDS });
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
