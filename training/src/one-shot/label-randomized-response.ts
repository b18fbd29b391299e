import { randomizedResponse, type RandomSource } from '@chorale/privacy';
import { checkCount, checkVector, type LinearModel } from './row-bound.ts';
import { solvePositive } from './solve-positive.ts';

/*
 * Answer-only training. It protects the LABEL AND NOTHING ELSE: the server knows every feature of every row, and
 * whatever the features tell about the label is not protected either. A study that uses it must say that the features
 * are public to whoever holds them; it is never private for the whole record.
 *
 * Each device reports its label by randomized response, and the server corrects the loss for it. Chaudhuri and Hsu,
 * Sample complexity bounds for differentially private learning, COLT 2011 (label privacy); Natarajan, Dhillon,
 * Ravikumar and Tewari, Learning with noisy labels, NeurIPS 2013 (unbiased loss, lemma 1); Patrini, Rozza, Menon, Nock
 * and Qu, Making deep neural networks robust to label noise, CVPR 2017 (loss through the noise, theorem 2).
 */

/** The two letters 0 and 1: pure epsilon, replace-one on the label alone. */
export function labelChannel(epsilon: number): LabelChannel {
  return randomizedResponse({ options: 2, epsilon });
}

export type LabelChannel = {
  /** Probabilities that a report is the truth, and that it is not. */
  readonly p: number;
  readonly q: number;
  readonly realizedEpsilon: number;
  /** The client's half: the report of a label of 0 or 1. */
  privatize(label: number, random?: RandomSource): number;
};

/** How the loss makes up for reports that are not true. */
export type LabelCorrection =
  /** The likelihood of the reports, which are true with probability p: the least error. Not convex. */
  | 'likelihood'
  /** A loss whose expectation over the reports is that of the true labels (Natarajan et al., lemma 1). Convex. */
  | 'unbiased';

/**
 * The server's half: logistic regression on reported labels.
 *
 * A normal prior for the weights takes the place of early stopping and is known beforehand: the log odds of a row
 * at the bound have the standard deviation 2, so that the odds of most rows differ by less than a factor of 50 from the
 * average. The bias is as good as free.
 *
 * @param inputs `[rows, features]`, row-major, known to the server
 * @param reports `[rows]`, 0 or 1
 * @param normBound of the rows, which says how large inputs are; nothing is clipped
 * @throws {RangeError} for inputs or reports of another length, or that are not finite or not 0 or 1
 */
export function fitRandomizedLabels({
  inputs,
  reports,
  rows,
  features,
  channel: { p, q },
  normBound,
  correction = 'likelihood',
}: {
  inputs: ArrayLike<number>;
  reports: ArrayLike<number>;
  rows: number;
  features: number;
  channel: Pick<LabelChannel, 'p' | 'q'>;
  normBound: number;
  correction?: LabelCorrection;
}): LinearModel {
  checkCount('rows', rows);
  checkCount('features', features);
  checkVector('inputs', inputs, rows * features);
  checkVector('reports', reports, rows);
  for (let row = 0; row < rows; row += 1) {
    if (reports[row] !== 0 && reports[row] !== 1) throw new RangeError(`reports must be 0 or 1, got ${reports[row]}`);
  }
  const size = features + 1;
  const loss = correction === 'likelihood' ? likelihoodLoss(p, q) : unbiasedLoss(p, q);
  const precision = Float64Array.from({ length: size }, (_, i) => (i < features ? normBound ** 2 / 4 : 1e-4));
  const logitOf = (w: Float64Array, row: number): number => {
    let logit = w[features]!;
    for (let i = 0; i < features; i += 1) logit += w[i]! * inputs[row * features + i]!;
    return logit;
  };
  const total = (w: Float64Array): number => {
    let sum = w.reduce((penalty, value, i) => penalty + (precision[i]! * value * value) / 2, 0);
    for (let row = 0; row < rows; row += 1) sum += loss(logitOf(w, row), reports[row]!).value;
    return sum;
  };

  // Fisher scoring: Newton's method with the expected curvature, which is never negative.
  const w = new Float64Array(size);
  let before = total(w);
  for (let iteration = 0; iteration < 100; iteration += 1) {
    const gradient = w.map((value, i) => precision[i]! * value);
    const curvature = Array.from({ length: size }, (_, i) => new Float64Array(size).fill(precision[i]!, i, i + 1));
    const x = new Float64Array(size).fill(1);
    for (let row = 0; row < rows; row += 1) {
      for (let i = 0; i < features; i += 1) x[i] = inputs[row * features + i]!;
      const { slope, curve } = loss(logitOf(w, row), reports[row]!);
      for (let i = 0; i < size; i += 1) {
        gradient[i]! += slope * x[i]!;
        const weighed = curve * x[i]!;
        const line = curvature[i]!;
        // The lower triangle is enough for the solver.
        for (let j = 0; j <= i; j += 1) line[j]! += weighed * x[j]!;
      }
    }
    const step = solvePositive(curvature, gradient);
    // Half of what a quadratic loss would still fall by.
    const left = step.reduce((sum, value, i) => sum + value * gradient[i]!, 0) / 2;
    if (left <= 1e-10 * rows) break;
    let length = 1;
    let next = w.map((value, i) => value - step[i]!);
    let after = total(next);
    while (!(after < before) && length > 1e-6) {
      length /= 2;
      next = w.map((value, i) => value - length * step[i]!);
      after = total(next);
    }
    if (!(after < before)) break;
    w.set(next);
    before = after;
  }
  return { weights: w.slice(0, features), bias: w[features]! };
}

/** The loss of a logit and a report, its slope in the logit, and a curvature that is not negative. */
type LogitLoss = (logit: number, report: number) => { value: number; slope: number; curve: number };

const softplus = (logit: number): number => Math.max(0, logit) + Math.log1p(Math.exp(-Math.abs(logit)));
const sigmoid = (logit: number): number => 1 / (1 + Math.exp(-logit));

// A report is 1 with the probability f = q + (p - q) s for a row of probability s; f' = (p - q) s (1 - s), and the Fisher
// information of a Bernoulli variable is f'^2 / (f (1 - f)).
function likelihoodLoss(p: number, q: number): LogitLoss {
  return (logit, report) => {
    const s = sigmoid(logit);
    // Written so that neither is 0 by rounding where q is tiny.
    const f = q + (p - q) * s;
    const rest = q + (p - q) * sigmoid(-logit);
    const change = (p - q) * s * sigmoid(-logit);
    return {
      value: -Math.log(report === 1 ? f : rest),
      slope: report === 1 ? -change / f : change / rest,
      curve: (change * change) / (f * rest),
    };
  };
}

// The corrected loss of lemma 1, ((1 - q) l(t, y) - q l(t, -y)) / (1 - 2 q), is the logistic loss with the label replaced
// by (report - q) / (p - q), which has the true label as its mean: losses of the two labels differ by t.
function unbiasedLoss(p: number, q: number): LogitLoss {
  return (logit, report) => {
    const label = (report - q) / (p - q);
    const s = sigmoid(logit);
    return { value: softplus(logit) - label * logit, slope: s - label, curve: s * sigmoid(-logit) };
  };
}
