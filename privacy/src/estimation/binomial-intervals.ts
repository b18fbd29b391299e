import { checkIn, checkPositive, checkProbability } from '../numerics/checks.ts';
import { betaQuantile } from '../numerics/beta-distribution.ts';
import { normalQuantile } from '../numerics/normal-distribution.ts';

/** A confidence interval; a side that the data do not bound is infinite. */
export interface Interval {
  readonly lower: number;
  readonly upper: number;
}

/** How often something happened. Expected counts are allowed, so neither number need be an integer. */
export interface BinomialCount {
  /** In [0, trials]. */
  readonly successes: number;
  /** > 0 */
  readonly trials: number;
  /** In (0, 1). */
  readonly confidence: number;
}

/**
 * Clopper and Pearson's interval: it covers a binomial probability at least as often as `confidence` says, always.
 *
 * @throws {RangeError} outside the ranges of `BinomialCount`
 * @see Clopper and Pearson, Biometrika 1934
 */
export function clopperPearson(count: BinomialCount): Interval {
  checkCount(count);
  const { successes, trials, confidence } = count;
  // The lower end is the lambda for which `successes` or more have probability tail, and Pr[S >= s] is
  // I_lambda(s, n - s + 1); the upper end likewise with Pr[S <= s] = 1 - I_lambda(s + 1, n - s).
  const tail = (1 - confidence) / 2;
  const failures = trials - successes;
  return {
    lower: successes <= 0 ? 0 : betaQuantile(tail, successes, failures + 1),
    upper: failures <= 0 ? 1 : 1 - betaQuantile(tail, failures, successes + 1),
  };
}

/**
 * Wilson's score interval: covers close to `confidence`, on average over the true probability.
 *
 * @throws {RangeError} outside the ranges of `BinomialCount`
 * @see Wilson, Probable inference, JASA 1927
 */
export function wilson(count: BinomialCount): Interval {
  checkCount(count);
  const { successes, trials, confidence } = count;
  // All lambda with n (observed - lambda)^2 <= z^2 lambda (1 - lambda).
  const observed = successes / trials;
  const ratio = normalQuantile((1 + confidence) / 2) ** 2 / trials;
  const centre = observed + ratio / 2;
  const radius = Math.sqrt(ratio * (observed * (1 - observed) + ratio / 4));
  return { lower: (centre - radius) / (1 + ratio), upper: (centre + radius) / (1 + ratio) };
}

function checkCount({ successes, trials, confidence }: BinomialCount): void {
  checkPositive({ trials });
  checkIn('successes', successes, `[0, ${trials}]`);
  checkProbability({ confidence });
}
