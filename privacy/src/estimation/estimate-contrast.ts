import { checkFinite, checkLength } from '../numerics/checks.ts';
import { squaredStudentQuantile } from '../numerics/beta-distribution.ts';
import { clopperPearson, type Interval } from './binomial-intervals.ts';
import { exactBelow, summarizeReports, type ReportSummary, type SharesOptions } from './estimate-shares.ts';
import type { SupportProbabilities } from '../mechanisms/frequency-mechanism.ts';
import { estimateRatio, exactRatioInterval, fiellerInterval, type ScoreVariance } from './ratio-interval.ts';

/** A weighted sum of shares, unclipped. */
export interface ContrastEstimate extends Interval {
  readonly respondents: number;
  /** NaN where the reports give no sign that anybody answers. */
  readonly contrast: number;
  readonly standardError: number;
}

/** Counts, and what each letter weighs. */
export type WeightedCounts = SharesOptions & {
  /** One finite weight for each letter; that of "no answer" is ignored. */
  readonly weights: readonly number[];
};

/**
 * The weighted sum of shares among those who answer: eNPS with weights +1 for promoters and -1 for detractors, a
 * scale's mean with the scale's values. For any mechanism whose reports support letters.
 *
 * Coverage is guaranteed below 100 reports and approximate from there on.
 *
 * @throws {RangeError} for counts or weights that do not fit the channel, or no reports
 */
export function estimateContrast(weighted: WeightedCounts): ContrastEstimate {
  const { channel, counts, noAnswer, weights, confidence } = weighted;
  const reports = summarizeReports(weighted);
  const { total, answers, none } = reports;
  checkLength('weights', weights, counts.length);
  checkFinite('weights', weights);
  const letters = Array.from(counts, (support, letter) => ({
    weight: weights[letter]!,
    support,
    withNone: reports.withNone[letter]!,
  })).filter((_, letter) => letter !== noAnswer);
  // Shares sum to one, so that moving all weights moves the contrast as far. With weights that sum to zero the noise
  // of all supports cancels as far as it can: w(y), the sum of the supported letters' weights, has
  //   E w(y) = sum w_v (q + (p - q) a R_v) = (p - q) a R, without a term in q.
  const centre = letters.reduce((sum, { weight }) => sum + weight, 0) / letters.length;
  const centred = letters.map((letter) => ({ ...letter, weight: letter.weight - centre }));

  const numerator = centred.reduce((sum, { weight, support }) => sum + (weight * support) / total, 0);
  const { p, q } = channel;
  const denominator = reports.answering * (p - q);
  const variance = scoreVariance(centred, channel, reports);
  const [ratio, standardError] = estimateRatio([numerator, denominator], variance, total);
  const estimate = (interval: Interval): ContrastEstimate => ({
    respondents: total,
    contrast: ratio + centre,
    standardError,
    lower: interval.lower + centre,
    upper: interval.upper + centre,
  });

  if (total >= exactBelow) {
    const scale = squaredStudentQuantile(1 - confidence, total - 1) / total;
    return estimate(fiellerInterval([numerator, denominator], variance, scale));
  }
  // Pr[v and not none] lambda_A = constant + a R_v (p - q - pairWithTruth + pairWithoutTruth): as for a single share,
  // and the constants cancel.
  return estimate(
    exactRatioInterval(reports, (level) => meanInterval(centred, answers, level), {
      gain: (p - q - none.pairWithTruth + none.pairWithoutTruth) / (none.p - none.q),
      confidence,
    }),
  );
}

/** A letter's weight, all weights summing to zero, and its support. */
interface WeightedLetter {
  readonly weight: number;
  readonly support: number;
  /** Reports that support the letter and "no answer". */
  readonly withNone: number;
}

/*
 * The variance of s = w(y) - R 1{not none} as a polynomial in R, for any shares f_v of all respondents. Since weights
 * sum to zero, sums over pairs of distinct letters are sum w_v w_u = -sum w_v^2 and sum w_v w_u (f_v + f_u) =
 * -2 sum w_v^2 f_v. With d = pairWithTruth - pairWithoutTruth and Pr[v and u] = pairWithoutTruth + (f_v + f_u) d,
 *   E w(y)^2 = sum w_v^2 (lambda_v - pairWithoutTruth - 2 f_v d),   E w(y) 1{none} = d sum w_v f_v.
 *
 * Two imaginary respondents at each end of the weights join the others, as Agresti and Coull add two successes and two
 * failures: without them reports that all agree would give an interval of no width.
 */
function scoreVariance(
  letters: readonly WeightedLetter[],
  { p, q, pairWithTruth, pairWithoutTruth }: SupportProbabilities,
  { total, answers, none }: ReportSummary,
): ScoreVariance {
  const byWeight = letters.toSorted((a, b) => a.weight - b.weight);
  const ends = [byWeight[0], byWeight.at(-1)];
  const size = total + 4;
  const pairGain = pairWithTruth - pairWithoutTruth;
  let first = 0;
  let second = 0;
  for (const letter of letters) {
    const { weight, support } = letter;
    const imaginary = 4 * q + 2 * (p - q) * ends.filter((end) => end === letter).length;
    const lambda = (support + imaginary) / size;
    first += weight * lambda;
    second += weight ** 2 * (lambda - pairWithoutTruth - (2 * pairGain * (lambda - q)) / (p - q));
  }
  const answered = (answers + 4 * (1 - none.q)) / size;
  const withNone = ((none.pairWithTruth - none.pairWithoutTruth) * first) / (p - q);
  return [second - first * first, 2 * (withNone - first * (1 - answered)), answered * (1 - answered)];
}

/**
 * An interval for the mean of w(y) over reports, which may support any set of letters, with guaranteed coverage: the sum of
 * the letters' Clopper and Pearson intervals, by Boole's inequality.
 */
function meanInterval(letters: readonly WeightedLetter[], trials: number, confidence: number): Interval {
  const all = letters.reduce((sum, { weight }) => sum + Math.abs(weight), 0);
  // Of what should be zero the subtraction of the centre may leave its rounding.
  const weighing = letters.filter(({ weight }) => Math.abs(weight) > 1e-12 * all);
  let from = 0;
  let to = 0;
  for (const { weight, support, withNone } of weighing) {
    const { lower, upper } = clopperPearson({
      successes: Math.min(Math.max(0, support - withNone), trials),
      trials,
      confidence: 1 - (1 - confidence) / weighing.length,
    });
    from += weight * (weight > 0 ? lower : upper);
    to += weight * (weight > 0 ? upper : lower);
  }
  return { lower: from, upper: to };
}
