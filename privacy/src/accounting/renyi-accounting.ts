import { checkIn, checkProbability } from '../numerics/checks.ts';
import { logOnePlusExp, logSumExp } from '../numerics/log-sums.ts';
import { logNormalDensity } from '../numerics/normal-distribution.ts';
import { epsilonOfCumulant } from './renyi-conversion.ts';
import { checkSubsampledGaussian, type SubsampledGaussian } from './sampled-gaussian.ts';
import { lossAt, sampledLoss } from './subsampled-gaussian-losses.ts';

/** One Gaussian release on a random part of the records, and a Renyi order. */
export interface SampledGaussianOrder {
  /** noiseStddev / sensitivity, finite and > 0; the sensitivity to the relation that the function states. */
  readonly noiseMultiplier: number;
  /** The share of the records in the sample, in (0, 1]. */
  readonly samplingRate: number;
  /** Finite and > 1; need not be an integer. */
  readonly order: number;
}

/**
 * The smallest epsilon that a curve of Renyi divergences implies, over all real orders. To compose releases, add their divergences first.
 *
 * @param divergence of an order > 1, of all releases together; infinite where there is none
 * @param delta in (0, 1)
 * @throws {RangeError} outside these ranges
 * @see Canonne, Kamath and Steinke, The discrete Gaussian for differential privacy, NeurIPS 2020, proposition 12
 */
export function renyiEpsilon(divergence: (order: number) => number, { delta }: { delta: number }): number {
  checkProbability({ delta });
  return Math.max(0, epsilonOfCumulant((x) => x * divergence(1 + x), { delta, precise: true })[0]);
}

/**
 * The Renyi divergence of one Gaussian on a Poisson sample, add-or-remove-one: exact to about 1e-10 relative.
 *
 * @throws {RangeError} outside the ranges of `SampledGaussianOrder`
 * @see Mironov, Talwar and Zhang, Renyi differential privacy of the sampled Gaussian mechanism, 2019, theorem 5: this
 *   direction is the worse one. (Their series for orders that are no integers loses all its digits at some.)
 */
export function poissonGaussianRenyi(sampled: SampledGaussianOrder): number {
  checkSampledGaussian(sampled);
  const { noiseMultiplier, samplingRate, order } = sampled;
  const unsampled = order / (2 * noiseMultiplier ** 2);
  if (samplingRate === 1) return unsampled;
  // (order - 1) D = ln E[(1 + u)^order] with u = q (e^y - 1), over the log ratio y of the shifted Gaussian to the other
  // under the other. If a large e^y decides that, it is E[(q e^y)^order]: if the next term of the power and the bulk
  // of the Gaussian, where e^y is small, are less by e^-40.
  const largest = unsampled * (order - 1) + order * Math.log(samplingRate);
  const next = (order - 1) / noiseMultiplier ** 2 + Math.log(samplingRate / (order * (1 - samplingRate)));
  if (Math.min(largest, next) > 40) return largest / (order - 1);
  // Otherwise, as E[u] = 0, it is 1 + E[(1 + u)^order - 1 - order u], the mean of values that are all positive.
  const logOfValue = (y: number): number => {
    const power = order * sampledLoss(y, samplingRate);
    if (power > 40) return power;
    const u = samplingRate * Math.expm1(y);
    // Where u is small the difference would lose its places: the binomial series has less than 1e-12 beyond these terms.
    const series = ((1 + ((order - 2) / 3) * u * (1 + ((order - 3) / 4) * u)) * (order - 1) * order * u * u) / 2;
    return Math.log(order * Math.abs(u) < 1e-4 ? series : Math.expm1(power) - order * u);
  };
  const logMean = logGaussianMean(logOfValue, noiseMultiplier, Math.max(order, 2));
  return logOnePlusExp(logMean) / (order - 1);
}

/**
 * ln E[e^(x loss)] of one Gaussian on a Poisson sample, replace-one, for x > 0: not more than 1e-12 above the exact one of
 * the pair that dominates it, nor above the one without sampling. For which pair that is see `Direction`, `exchanged`.
 *
 * @param noiseMultiplier over the sensitivity to replacing a record
 */
export function exchangedGaussianCumulant(x: number, { noiseMultiplier, samplingRate }: SubsampledGaussian): number {
  const unsampled = (x * (x + 1)) / (2 * noiseMultiplier ** 2);
  const pair = { noiseMultiplier: 2 * noiseMultiplier, samplingRate };
  const variance = pair.noiseMultiplier ** 2;
  // P^(1 + x) / Q^x over N(0, s^2), where P / N and Q / N are e^L at a point and at its mirror image.
  const logOfValue = (y: number): number => {
    const point = variance * y + 0.5;
    return (1 + x) * lossAt(point, pair) - x * lossAt(-point, pair);
  };
  return Math.min(unsampled, logGaussianMean(logOfValue, pair.noiseMultiplier, 1 + 2 * x) + 1e-12);
}

/**
 * The logarithm of E[f(y)], f > 0, over the log ratio y of N(1, s^2) to N(0, s^2) under the latter, to about 1e-12
 * relative, for an f that is analytic within pi of the real line and grows no faster than e^(growth y).
 *
 * @param logOfValue ln f(y)
 */
export function logGaussianMean(logOfValue: (y: number) => number, noiseMultiplier: number, growth: number): number {
  // With t = x / s, y = t / s - 1 / (2 s^2). The trapezoidal rule errs by e^(-2 pi a / step + a^2 / 2) relative, a <= pi s
  // being how far from the real line f stays analytic. The factor e^(growth y) moves the mass up by growth / s; a power of
  // y, if f is small, spreads it by its root.
  const step = Math.min(0.2, noiseMultiplier / 2);
  const margin = 9 + Math.sqrt(growth);
  const count = Math.ceil((growth / noiseMultiplier + 2 * margin) / step);
  const logs = new Float64Array(count).map((_, index) => {
    const t = index * step - margin;
    return logNormalDensity(t) + logOfValue((t - 0.5 / noiseMultiplier) / noiseMultiplier);
  });
  return logSumExp(logs) + Math.log(step);
}

export function checkSampledGaussian({ order, ...sampled }: SampledGaussianOrder): void {
  checkSubsampledGaussian(sampled);
  checkIn('order', order, '(1, Infinity)');
}
