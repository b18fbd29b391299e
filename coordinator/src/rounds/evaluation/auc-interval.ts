import { intervalWithin, Z_95 } from './interval.ts';

/** Counts by score bin, lowest scores first; may be noised, and negative by it. */
type LabelledCounts = { negatives: readonly number[]; positives: readonly number[]; noiseStddev: number };

/**
 * Area under the ROC curve of binned scores, ties half, with a 95% interval for the area over the
 * population that the rows were drawn from.
 *
 * Let K(b, c) be 1 where positive bin b lies above negative bin c, one half where b = c, else 0. With
 * true counts p, n and totals P, N the area is A = sum p_b n_c K(b, c) / (P N). Noise e, f of stddev s on
 * the counts gives the estimate A + D / (P' N') over the noised totals, where
 *
 *     D = sum (p_b + e_b)(n_c + f_c)(K(b, c) - A)
 *       = sum e_b n_c (K - A) + sum p_b f_c (K - A) + sum e_b f_c (K - A),
 *
 * three uncorrelated terms of mean zero: dividing by the noised totals keeps the interval honest where
 * the totals are noisy too (Fieller's argument). The variances of the first two are s^2 times the sum
 * over b of (sum_c n_c (K - A))^2, and the like; with noised counts in them each is too large by the
 * third, s^4 sum (K - A)^2, in expectation, so that the variance of D is first + second - third.
 *
 * The interval is all areas A0 with |value - A0| <= z sqrt(sampling(A0) + noise): unlike one centred
 * at the estimate it does not collapse at 0 or 1. The rows are taken as independent draws.
 */
export function aucInterval(counts: LabelledCounts): { value: number; lower: number; upper: number } {
  const { negatives, positives } = counts;
  const negativeRows = negatives.reduce((sum, n) => sum + n, 0);
  const positiveRows = positives.reduce((sum, p) => sum + p, 0);
  // Pairs that a positive of each bin wins against the negatives, and a negative's against the positives.
  const winsOfPositives = midSums(negatives);
  const winsOverNegatives = midSums(positives).map((below) => positiveRows - below);
  const wins = positives.reduce((sum, p, bin) => sum + p * winsOfPositives[bin]!, 0);
  const estimate = wins / (positiveRows * negativeRows);

  const s2 = counts.noiseStddev ** 2;
  const first = s2 * winsOfPositives.reduce((sum, w) => sum + (w - estimate * negativeRows) ** 2, 0);
  const second = s2 * winsOverNegatives.reduce((sum, w) => sum + (w - estimate * positiveRows) ** 2, 0);
  const third = s2 ** 2 * kernelSquares(positives.length, estimate);
  const noiseVariance = Math.max(third, first + second - third) / (positiveRows * negativeRows) ** 2;

  // Clamping only brings the estimate nearer to every area there can be.
  const value = Math.min(1, Math.max(0, estimate));
  const excess = (area: number): number =>
    (value - area) ** 2 - Z_95 ** 2 * (samplingVariance(area, positiveRows, negativeRows) + noiseVariance);
  return { value, ...intervalWithin(excess, value) };
}

/** Count below each bin plus half of its own. */
function midSums(counts: readonly number[]): number[] {
  let below = 0;
  return counts.map((count) => {
    const mid = below + count / 2;
    below += count;
    return mid;
  });
}

/** Sum of (K(b, c) - area)^2 over all pairs of bins. */
function kernelSquares(bins: number, area: number): number {
  const ordered = (bins * (bins - 1)) / 2;
  return ordered * ((1 - area) ** 2 + area ** 2) + bins * (0.5 - area) ** 2;
}

/**
 * Variance of the area over draws of the rows: Hanley and McNeil (1982) with their Q1, Q2 and both
 * sample sizes replaced by their mean, as Newcombe (2006, part 2, method 5) found best at the ends.
 */
function samplingVariance(area: number, positives: number, negatives: number): number {
  const extra = (positives + negatives) / 2 - 1;
  const spread = 1 + extra * ((1 - area) / (2 - area) + area / (1 + area));
  return Math.max(0, (area * (1 - area) * spread) / (positives * negatives));
}
