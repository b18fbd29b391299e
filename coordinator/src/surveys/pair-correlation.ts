import { normalCdf, normalQuantile } from '@chorale/privacy/numerics';
import { letterValues, outputScores, type ScoredChannel, type Scores } from './letter-scores.ts';
import type { PairCount } from './pair-tally.ts';

/** A correlation of true answers, unclipped. */
export type PairCorrelation = {
  /** NaN where the reports give no sign that answers to one of the questions differ. */
  correlation: number;
  lower: number;
  upper: number;
  /** That the answers do not move together. */
  pValue: number;
};

/*
 * Every answer is randomized by itself: given the true answers, the noise in a person's two reports is independent. So
 * the product of two unbiased scores is unbiased for the product of what they estimate. With A = 1 where somebody
 * answered both questions, x and y their answers, six such products have these means:
 *
 *   a = E A,  x = E A x,  y = E A y,  xy = E A x y,  xx = E A x^2,  yy = E A y^2.
 *
 * Among those who answered both, Cov(x, y) = xy / a - (x / a) (y / a), and so on. All three (co)variances have a^2 in
 * common, which is left out:
 *
 *   C = a xy - x y,   V = a xx - x^2,   W = a yy - y^2,   correlation = C / S with S = sqrt(V W).
 *
 * V and W are of the true answers: squares are scored by themselves, so the noise is not in them.
 */
type Moments = readonly [a: number, x: number, y: number, xy: number, xx: number, yy: number];

/** Nothing is known of a correlation. */
const UNKNOWN: PairCorrelation = { correlation: Number.NaN, lower: -Infinity, upper: Infinity, pValue: 1 };

/**
 * How the answers of the same people to two questions move together, from their randomized reports.
 *
 * The interval is Fieller's: all r at which C - r S is not significantly different from 0. It is unbounded where S is not
 * significantly different from 0. The variance of C and S is that of their linear parts over reports, and of four
 * imaginary respondents beside them, one at each corner of the two scales, because a sample may hold none of the few
 * who differ. Simulated, it holds the truth about as often as it says from a hundred respondents on. [E10]
 *
 * @param counts of at least two reports
 * @see Fieller, Some problems in interval estimation, JRSS B 1954
 */
export function pairCorrelation(
  [first, second]: readonly [ScoredChannel, ScoredChannel],
  counts: readonly PairCount[],
  confidence: number,
): PairCorrelation {
  const [scores, others] = [allScores(first), allScores(second)];
  const cells = counts.map(([one, other, count]) => ({ products: products(scores[one]!, others[other]!), count }));
  const respondents = counts.reduce((sum, [, , count]) => sum + count, 0);
  const mean = moments(cells, respondents);
  const [a, x, y, xy, xx, yy] = mean;
  const covariance = a * xy - x * y;
  const variances = [a * xx - x * x, a * yy - y * y] as const;
  if (!(a > 0 && variances[0] > 0 && variances[1] > 0)) return UNKNOWN;

  const spread = Math.sqrt(variances[0] * variances[1]);
  let [covarianceNoise, commonNoise, spreadNoise] = [0, 0, 0];
  for (const { products: report, count } of [...cells, ...imaginary(first, second)]) {
    const [inCovariance, inSpread] = linearParts(report, { mean, covariance, variances, spread });
    covarianceNoise += count * inCovariance * inCovariance;
    commonNoise += count * inCovariance * inSpread;
    spreadNoise += count * inSpread * inSpread;
  }
  // Variances of C and S themselves.
  const scale = 1 / (respondents * (respondents - 1));
  const noise = [scale * covarianceNoise, scale * commonNoise, scale * spreadNoise] as const;
  return {
    correlation: covariance / spread,
    ...fieller([covariance, spread], noise, normalQuantile((1 + confidence) / 2)),
    pValue: Math.min(1, 2 * normalCdf(-Math.abs(covariance) / Math.sqrt(noise[0]))),
  };
}

/** By the channel's output. */
function allScores(spec: ScoredChannel): Scores[] {
  return Array.from({ length: spec.channel.outputs }, (_, output) => outputScores(spec, output));
}

function products([a, x, xx]: Scores, [b, y, yy]: Scores): Moments {
  return [a * b, x * b, a * y, x * y, xx * b, a * yy];
}

type Cell = { products: Moments; count: number };

function moments(cells: readonly Cell[], respondents: number): Moments {
  const mean = (index: number): number =>
    cells.reduce((sum, { products: report, count }) => sum + count * report[index]!, 0) / respondents;
  return [mean(0), mean(1), mean(2), mean(3), mean(4), mean(5)];
}

/** How much one report moves C and S, times the number of reports: their derivatives in the moments. */
function linearParts(
  [a, x, y, xy, xx, yy]: Moments,
  {
    mean,
    covariance,
    variances: [v, w],
    spread,
  }: { mean: Moments; covariance: number; variances: readonly [number, number]; spread: number },
): [inCovariance: number, inSpread: number] {
  const [ma, mx, my, mxy, mxx, myy] = mean;
  const inCovariance = a * mxy + ma * xy - x * my - mx * y - 2 * covariance;
  const inFirst = a * mxx + ma * xx - 2 * mx * x - 2 * v;
  const inSecond = a * myy + ma * yy - 2 * my * y - 2 * w;
  return [inCovariance, (spread / 2) * (inFirst / v + inSecond / w)];
}

/** Four who answered both at an end of each scale, as their reports are on average. */
function imaginary(first: ScoredChannel, second: ScoredChannel): Cell[] {
  return ends(first).flatMap((one) => ends(second).map((other) => ({ products: products(one, other), count: 1 })));
}

/** Scores of who answered at either end of a question's scale. */
function ends(spec: ScoredChannel): Scores[] {
  const values = letterValues(spec);
  return [Math.min(...values), Math.max(...values)].map((value): Scores => [1, value, value * value]);
}

/** All r with (C - r S)^2 <= z^2 Var(C - r S). */
function fieller(
  [covariance, spread]: readonly [number, number],
  [covarianceNoise, commonNoise, spreadNoise]: readonly [number, number, number],
  z: number,
): { lower: number; upper: number } {
  const quadratic = spread * spread - z * z * spreadNoise;
  const half = covariance * spread - z * z * commonNoise;
  const constant = covariance * covariance - z * z * covarianceNoise;
  if (!(quadratic > 0)) return { lower: -Infinity, upper: Infinity };
  // The estimate itself solves it, so that a root of less than zero is rounding.
  const root = Math.sqrt(Math.max(0, half * half - quadratic * constant));
  return { lower: (half - root) / quadratic, upper: (half + root) / quadratic };
}
