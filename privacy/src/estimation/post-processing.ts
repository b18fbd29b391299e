import { checkFinite, checkInteger } from '../numerics/checks.ts';
import type { SupportProbabilities } from '../mechanisms/frequency-mechanism.ts';
import { shareVariance } from '../mechanisms/randomized-response.ts';

/**
 * The nearest point of the probability simplex: numbers >= 0 that sum to 1. For display; it biases sums of small
 * cells, so build further estimates on the raw shares.
 *
 * @throws {RangeError} for an empty or non-finite vector
 * @see Duchi et al., Efficient projections onto the l1-ball, ICML 2008, figure 1; the same as norm-sub
 */
export function simplexProjection(raw: readonly number[]): number[] {
  checkInteger('length of raw', raw.length, '[1, Infinity)');
  checkFinite('raw', raw);
  // The projection is max(0, raw - shift); the largest values stay positive, and the shift that makes the m largest
  // sum to 1 is right for the largest m whose smallest member still exceeds it.
  const descending = [...raw].sort((a, b) => b - a);
  let sum = 0;
  let shift = 0;
  for (const [index, value] of descending.entries()) {
    sum += value;
    const candidate = (sum - 1) / (index + 1);
    if (value <= candidate) break;
    shift = candidate;
  }
  return raw.map((value) => Math.max(0, value - shift));
}

/**
 * How many respondents without noise would estimate a share with the same variance: what the noise costs.
 *
 * @param share in [0, 1]; one half, where people differ most, unless it is given
 * @param respondents > 0
 * @throws {RangeError} outside these ranges
 */
export function effectiveRespondents({
  channel,
  respondents,
  share = 0.5,
}: {
  channel: Pick<SupportProbabilities, 'p' | 'q'>;
  respondents: number;
  share?: number | undefined;
}): number {
  // Without noise the variance of n respondents is share (1 - share) / n; solve for n.
  return (share * (1 - share)) / shareVariance({ channel, share, respondents, population: 'independent' });
}
