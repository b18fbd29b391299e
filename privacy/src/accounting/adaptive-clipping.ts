import { checkIn, checkPositive } from '../numerics/checks.ts';
import type { NeighboringRelation } from './guarantee.ts';

/** How the noise of a round is shared between the summed updates and the count of those that were clipped. */
export interface ClippedCountNoise {
  /** Of the sum of updates: noiseStddev over its L2 sensitivity, a little above that of the whole round. */
  readonly updateNoiseMultiplier: number;
  /** Of the noise on the sum of bits, each 1/2 where an update was within the norm and -1/2 where it was clipped. */
  readonly countNoiseStddev: number;
}

/**
 * Noise for both parts of a round such that together they cost what one Gaussian of `noiseMultiplier` does.
 *
 * Squared shifts add up: with sensitivity s of the sum of bits,
 *   noiseMultiplier^-2 = updateNoiseMultiplier^-2 + (s / countNoiseStddev)^2,
 * where s is 1/2 if a client may be absent and 1 if its bit may be replaced by the other.
 *
 * @param noiseMultiplier of the round as it is accounted for; finite and > 0
 * @param expectedClients how many bits are summed on average; finite and > 0
 * @param neighboringRelation that of the noise multiplier
 * @param countNoiseStddev a twentieth of the expected clients unless given
 * @throws {RangeError} outside these ranges, or where the count alone would spend more than the round
 * @see Andrew, Thakkar, McMahan and Ramaswamy, Differentially private learning with adaptive clipping, NeurIPS 2021,
 *   theorem 1
 */
export function splitClippedCountNoise({
  noiseMultiplier,
  expectedClients,
  neighboringRelation,
  countNoiseStddev = expectedClients / 20,
}: {
  noiseMultiplier: number;
  expectedClients: number;
  neighboringRelation: NeighboringRelation;
  countNoiseStddev?: number | undefined;
}): ClippedCountNoise {
  checkPositive({ noiseMultiplier, expectedClients });
  const leastStddev = noiseMultiplier * (neighboringRelation === 'replace-one' ? 1 : 0.5);
  checkIn('countNoiseStddev', countNoiseStddev, `(${leastStddev}, Infinity)`);
  const part = leastStddev / countNoiseStddev;
  return { updateNoiseMultiplier: noiseMultiplier / Math.sqrt(1 - part * part), countNoiseStddev };
}

/**
 * The next round's clipping norm, by a geometric step towards the quantile of update norms that is the target.
 *
 * @param clippingNorm finite and > 0
 * @param fraction of updates that were within the norm, as released; noise may take it outside [0, 1]
 * @param target in [0, 1], 1/2 unless given
 * @param rate finite and > 0, 0.2 unless given
 * @throws {RangeError} outside these ranges
 * @see Andrew et al., 2021, section 3
 */
export function nextClippingNorm({
  clippingNorm,
  fraction,
  target = 0.5,
  rate = 0.2,
}: {
  clippingNorm: number;
  fraction: number;
  target?: number | undefined;
  rate?: number | undefined;
}): number {
  checkPositive({ clippingNorm, rate });
  checkIn('fraction', fraction, '(-Infinity, Infinity)');
  checkIn('target', target, '[0, 1]');
  return clippingNorm * Math.exp(-rate * (fraction - target));
}
