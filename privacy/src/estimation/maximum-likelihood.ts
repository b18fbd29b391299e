import { checkIndex, sumOfCounts } from '../numerics/checks.ts';
import type { RandomizedResponse } from '../mechanisms/randomized-response.ts';

/** The most likely shares. */
export interface LikelyShares {
  readonly respondents: number;
  /** The share of respondents who answer; 1 where there is no letter for "no answer". */
  readonly answered: number;
  /**
   * Each letter's share among those who answer, in letter order without the letter for "no answer": >= 0, with sum 1.
   * NaN where most likely nobody answers.
   */
  readonly shares: readonly number[];
}

/**
 * The shares under which randomized reports are most likely. For display, as `simplexProjection` is, and closer to the
 * truth; biased like everything that never goes below 0, so build sums and intervals on the raw shares.
 *
 * @param channel randomized response, longitudinal or not: reports of one letter, right with p and else any with q
 * @param counts reports by letter; expected counts are allowed
 * @param noAnswer the letter that means "no answer", if the question has one
 * @throws {RangeError} for counts that do not fit the channel, or none at all
 */
export function maximumLikelihood({
  channel: { options, p, q },
  counts,
  noAnswer,
}: {
  channel: Pick<RandomizedResponse, 'options' | 'p' | 'q'>;
  counts: ArrayLike<number>;
  noAnswer?: number | undefined;
}): LikelyShares {
  const respondents = sumOfCounts(counts, options);
  if (noAnswer !== undefined) checkIndex('noAnswer', noAnswer, options);
  const all = Array.from(counts);

  // Maximize sum n_v ln lambda_v over lambda_v = q + (p - q) share_v >= q with sum 1. Letters that stay above q share
  // what the others leave in proportion to their counts: lambda_v = n_v / N_m (1 - (k - m) q) for the m most frequent
  // letters, N_m of all counts. If the m-th of them falls to q or below, so do all after it, each being rarer:
  // the letters are added in order until one does.
  let rate = 0;
  let reported = 0;
  for (const [index, count] of [...all].sort((a, b) => b - a).entries()) {
    reported += count;
    const candidate = (1 - (options - index - 1) * q) / reported;
    if (!(count * candidate > q)) break;
    rate = candidate;
  }
  const shares = all.map((count) => Math.max(0, count * rate - q) / (p - q));

  // The most likely ratio is the ratio of the most likely shares.
  const answers = shares.filter((_, letter) => letter !== noAnswer);
  const sum = answers.reduce((total, share) => total + share, 0);
  return { respondents, answered: noAnswer === undefined ? 1 : sum, shares: answers.map((share) => share / sum) };
}
