import { gramLength } from '@chorale/protocol';
import { boundedRow, type LabelledRow, checkCount, checkVector, type LinearModel } from './row-bound.ts';
import { symmetricEigen } from './symmetric-eigen.ts';

/*
 * Noisy sufficient statistics: everything that linear regression, or one step of logistic regression, needs of a row,
 * in one vector, so that noise is paid for once. Vu and Slavkovic, Differential privacy for clinical trial data, ICDM
 * Workshops 2009; Foulds, Geumlek, Welling and Chaudhuri, On the theory and practice of privacy-preserving Bayesian
 * data analysis, UAI 2016; Wang, Revisiting differentially private linear regression, UAI 2018 (AdaSSP).
 *
 * The numbers of one row, their bounds and what replacing one person moves are derived in the protocol, which fixes their
 * order: `gramSensitivity`.
 */

/**
 * The client's half: one person's statistics, clipped to the bound and without noise, in units of the bound.
 *
 * @param normBound L2 bound on a row, a public constant
 * @throws {RangeError} for a label other than 0 and 1, and for numbers that are not finite
 */
export function gramStatistics({ row, label, normBound }: LabelledRow): Float64Array {
  const x = boundedRow({ row, label, normBound }).map((value) => value / normBound);
  const features = x.length;
  const statistics = new Float64Array(gramLength(features));
  let at = 0;
  for (let i = 0; i < features; i += 1) {
    statistics[at] = x[i]! * x[i]!;
    at += 1;
    for (let j = i + 1; j < features; j += 1) {
      statistics[at] = Math.SQRT2 * x[i]! * x[j]!;
      at += 1;
    }
  }
  statistics.set(x, label === 1 ? at : at + features);
  statistics[at + 2 * features] = (label - 0.5) / Math.SQRT2;
  return statistics;
}

/**
 * The server's half: a model from the sum of all statistics. `logistic` is one Newton step of logistic regression from
 * the model that knows only the share of positives, `linear` the least squares fit of the label. They order rows alike.
 *
 * Either solves C w = c, for the covariance C of the rows and their covariance c with the label. The regularisation looks
 * at nothing but the noise: a symmetric matrix of `features` f whose entries beside the diagonal have the stddev
 * s / root of 2 has no eigenvalue beyond s root of (2 f), so that directions of C below this edge cannot be told
 * from noise and are given the edge itself.
 *
 * @param sum of `rows` clients' statistics, or `rows` times their mean
 * @param noiseStddev of each number of the sum, 0 for none
 * @throws {RangeError} for a sum of another length or with numbers that are not finite, and for less than two rows
 * @see the edge: Wigner, Annals of Mathematics 1958; Tao, Topics in Random Matrix Theory, section 2.3
 */
export function fitGram({
  sum,
  rows,
  features,
  normBound,
  noiseStddev,
  model = 'logistic',
}: {
  sum: ArrayLike<number>;
  rows: number;
  features: number;
  normBound: number;
  noiseStddev: number;
  model?: 'linear' | 'logistic';
}): LinearModel {
  checkVector('sum', sum, gramLength(features));
  checkCount('rows', rows);
  if (rows < 2) throw new RangeError(`rows must be at least 2, got ${rows}`);
  if (!(noiseStddev >= 0 && noiseStddev < Infinity)) {
    throw new RangeError(`noiseStddev must be finite and >= 0, got ${noiseStddev}`);
  }
  const { share, mean, covariance, withLabel } = moments(sum, rows, features);

  const edge = (noiseStddev / rows) * Math.sqrt(2 * features);
  const { values, vectors } = symmetricEigen(covariance);
  // Without noise, what is left of rounding; a direction in which all rows are alike then takes no part.
  const rounding = 1e-12 * values.reduce((most, value) => Math.max(most, value), 1e-300);
  const weights = new Float64Array(features);
  for (const [k, vector] of vectors.entries()) {
    const value = Math.max(values[k]!, edge);
    if (value <= rounding) continue;
    const along = vector.reduce((total, v, i) => total + v * withLabel[i]!, 0) / value;
    for (let i = 0; i < features; i += 1) weights[i]! += along * vector[i]!;
  }

  // From log odds of the share alone, the gradient is c and the curvature share (1 - share) C.
  const scale = model === 'linear' ? 1 : 1 / (share * (1 - share));
  const atMean = model === 'linear' ? share : Math.log(share / (1 - share));
  const centre = weights.reduce((total, w, i) => total + w * mean[i]!, 0);
  return { weights: weights.map((w) => (w * scale) / normBound), bias: atMean - scale * centre };
}

/** What the sum says of the rows, in units of the bound. */
function moments(sum: ArrayLike<number>, rows: number, features: number) {
  const triangle = (features * (features + 1)) / 2;
  const positive = Float64Array.from({ length: features }, (_, i) => sum[triangle + i]! / rows);
  const negative = Float64Array.from({ length: features }, (_, i) => sum[triangle + features + i]! / rows);
  // Noise may say more positives than rows, or less than none; at least one of each is assumed.
  const counted = 0.5 + (Math.SQRT2 * sum[triangle + 2 * features]!) / rows;
  const share = Math.min(1 - 1 / rows, Math.max(1 / rows, counted));
  const mean = positive.map((value, i) => value + negative[i]!);
  const covariance = Array.from({ length: features }, () => new Float64Array(features));
  let at = 0;
  for (let i = 0; i < features; i += 1) {
    for (let j = i; j < features; j += 1) {
      const product = sum[at]! / rows / (i === j ? 1 : Math.SQRT2);
      const value = product - mean[i]! * mean[j]!;
      covariance[i]![j] = value;
      covariance[j]![i] = value;
      at += 1;
    }
  }
  return { share, mean, covariance, withLabel: positive.map((value, i) => value - share * mean[i]!) };
}
