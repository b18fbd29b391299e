import { clopperPearson, type Interval } from './binomial-intervals.ts';
import type { SupportProbabilities } from '../mechanisms/frequency-mechanism.ts';

/** An interval that says nothing. */
export const unbounded: Interval = { lower: -Infinity, upper: Infinity };

/** The variance of one report's numerator - R denominator, as a polynomial in R. */
export type ScoreVariance = readonly [constant: number, linear: number, quadratic: number];

export function valueAt([constant, linear, quadratic]: ScoreVariance, r: number): number {
  return constant + linear * r + quadratic * r * r;
}

/** A ratio of two means over reports, whose numerator - R denominator has the mean 0 at the true R. */
type RatioOfMeans = readonly [numerator: number, denominator: number];

/** Where the denominator is not above 0 there is no ratio: NaN, with an infinite standard error. */
export function estimateRatio(
  [numerator, denominator]: RatioOfMeans,
  variance: ScoreVariance,
  total: number,
): [ratio: number, standardError: number] {
  if (!(denominator > 0)) return [Number.NaN, Infinity];
  const ratio = numerator / denominator;
  return [ratio, Math.sqrt(Math.max(0, valueAt(variance, ratio)) / total) / denominator];
}

/**
 * All R with (numerator - R denominator)^2 <= scale * variance(R): Fieller's interval for a ratio of two means, where
 * `scale` is z^2 / n.
 *
 * Unbounded where the denominator is not significantly different from zero: then no finite interval has the coverage.
 *
 * @see Fieller, Some problems in interval estimation, JRSS B 1954
 */
export function fiellerInterval(
  [numerator, denominator]: RatioOfMeans,
  [constant, linear, quadratic]: ScoreVariance,
  scale: number,
): Interval {
  if (!(denominator > 0)) return unbounded;
  // Collected by powers of R: a R^2 + b R + c <= 0.
  const a = denominator ** 2 - scale * quadratic;
  const b = -2 * numerator * denominator - scale * linear;
  const c = numerator ** 2 - scale * constant;
  if (!(a > 0)) return unbounded;
  // The estimate itself always solves it, so that a discriminant below zero is rounding.
  const root = Math.sqrt(Math.max(0, b * b - 4 * a * c));
  return { lower: (-b - root) / (2 * a), upper: (-b + root) / (2 * a) };
}

/** How many reports there are. */
export interface CountedReports {
  /** Those that are not none. */
  readonly answers: number;
  readonly total: number;
  /** Pr[none] of somebody who does not answer, and of one who does. */
  readonly none: Pick<SupportProbabilities, 'p' | 'q'>;
}

/** The part of the error probability that `exactRatioInterval` gives to the answering share. */
const answeringPart = 0.2;

/**
 * An interval for the mean R of those who answer, with guaranteed coverage, for any number of reports.
 *
 * A report other than none is a draw with mean m = (offset + gain (lambda - nobody) R) / lambda, where lambda =
 * Pr[not none], from `nobody` to `everybody`. Given how many reports are not none they are independent, so that
 * `conditional` may give an exact interval for m at most of the confidence; lambda has Clopper and Pearson's at the
 * rest. By Boole's inequality both hold at `confidence`, and R = (m lambda - offset) / (gain (lambda - nobody)) grows
 * with m and is monotone in lambda, so the corners bound it.
 */
export function exactRatioInterval(
  { answers, total: trials, none }: CountedReports,
  /** For m, at a confidence; there are such reports. */
  conditional: (confidence: number) => Interval,
  { offset = 0, gain, confidence }: { offset?: number; gain: number; confidence: number },
): Interval {
  if (!(answers > 0)) return unbounded;
  const nobody = 1 - none.p;
  const everybody = 1 - none.q;
  // Where nobody can skip, lambda is known.
  const part = none.q > 0 ? answeringPart : 0;
  const lambda =
    part > 0
      ? clopperPearson({ successes: answers, trials, confidence: 1 - (1 - confidence) * part })
      : { lower: 1, upper: 1 };
  // No more than everybody answers, and no fewer than nobody.
  const fewest = Math.min(Math.max(lambda.lower, nobody), everybody);
  const most = Math.min(lambda.upper, everybody);
  if (!(most > nobody)) return unbounded;
  const ratio = (mean: number, probability: number): number => {
    const numerator = mean * probability - offset;
    // Where perhaps nobody answers, the ratio is as large as the numerator's sign lets it be; 0 / 0 has a limit.
    if (numerator === 0 && probability === nobody) return mean / gain;
    return numerator / (gain * (probability - nobody));
  };
  const { lower, upper } = conditional(1 - (1 - confidence) * (1 - part));
  return {
    lower: Math.min(ratio(lower, fewest), ratio(lower, most)),
    upper: Math.max(ratio(upper, fewest), ratio(upper, most)),
  };
}
