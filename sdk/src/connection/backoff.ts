import { type RandomSource, uniformInteger } from '@chorale/privacy';

/** Waiting times between attempts, in milliseconds. */
export type BackoffOptions = { firstMs: number; longestMs: number };

export const DEFAULT_BACKOFF: BackoffOptions = { firstMs: 500, longestMs: 30_000 };

/**
 * How long to wait before the next attempt: doubling, and between half and all of that, so that
 * clients that lost one coordinator do not come back as one.
 * @param attempt how many failed so far, from 0.
 */
export function backoffMs(attempt: number, { firstMs, longestMs }: BackoffOptions, random: RandomSource): number {
  const wait = Math.min(longestMs, firstMs * 2 ** attempt);
  const half = Math.ceil(wait / 2);
  return half + uniformInteger(half + 1, random);
}

/** A wait that the coordinator asked for, up to a tenth longer, so that those it told the same do not come as one. */
export function staggeredMs(ms: number, random: RandomSource): number {
  return ms + ms * 0.1 * (random.nextUint32() / 2 ** 32);
}
