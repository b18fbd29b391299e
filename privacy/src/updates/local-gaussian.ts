import { discreteGaussianEpsilon } from '../accounting/discrete-gaussian-accounting.ts';
import { checkDelta, checkPositive, gaussianNoiseMultiplier } from '../accounting/gaussian-accounting.ts';
import type { Guarantee, PrivacyUnit } from '../accounting/guarantee.ts';
import { discreteGaussianVector } from '../sampling/discrete-gaussian.ts';
import { secureRandom, type RandomSource } from '../sampling/random.ts';
import { checkClippingNorm, checkDimension, checkGridSteps, clipToGrid } from './clipping.ts';

/** Vectors of bounded L2 norm with discrete Gaussian noise on an integer grid. */
export interface LocalGaussian {
  readonly mechanism: 'local-gaussian';
  readonly dimension: number;
  readonly clippingNorm: number;
  readonly gridSteps: number;
  /** noiseStddev / sensitivity. */
  readonly noiseMultiplier: number;
  /** Of one coordinate, in grid steps of `clippingNorm / gridSteps`. */
  readonly noiseStddev: number;
  /** L2 and replace-one, in grid steps: two vectors of the largest norm, opposite. */
  readonly sensitivity: number;
  readonly guarantee: Guarantee;
  /**
   * The vector clipped, on the grid and noised, in grid steps; cut to 32 bits, which depends on the noised value alone.
   *
   * @throws {RangeError} unless it holds `dimension` finite numbers, before anything is drawn
   */
  privatize(vector: ArrayLike<number>, random?: RandomSource): Int32Array<ArrayBuffer>;
  /**
   * Grid steps as numbers: unbiased for the clipped vector, save for less than a step of truncation.
   *
   * @throws {RangeError} unless there are `dimension` of them
   */
  decode(report: Int32Array): Float64Array;
}

/**
 * The Gaussian mechanism on an integer grid. Integers leave no floating-point trace of what was noised, and their sum is
 * exact in any order.
 *
 * @param clippingNorm L2, finite and > 0
 * @param dimension integer in [1, 1e7]
 * @param gridSteps how many steps make up the clipping norm, integer in [1, 2^24]
 * @param noiseMultiplier finite and > 0; or `epsilon`, finite and > 0, for the least that gives it
 * @param delta in (0, 1)
 * @param relation replace-one is the only one there is for a local mechanism: a device cannot be absent from its own data
 * @throws {RangeError} outside these ranges, or for a noise outside those of `discreteGaussian`
 * @see Canonne, Kamath and Steinke, The discrete Gaussian for differential privacy, NeurIPS 2020
 */
export function localGaussian({
  clippingNorm,
  dimension,
  gridSteps,
  delta,
  noiseMultiplier: asked,
  epsilon,
  relation = 'replace-one',
  privacyUnit = 'employee',
}: {
  clippingNorm: number;
  dimension: number;
  gridSteps: number;
  delta: number;
  relation?: 'replace-one' | undefined;
  privacyUnit?: PrivacyUnit | undefined;
} & (
  | { noiseMultiplier: number; epsilon?: undefined }
  | { noiseMultiplier?: undefined; epsilon: number }
)): LocalGaussian {
  checkClippingNorm(clippingNorm);
  checkInteger('dimension', dimension, '[1, 1e7]');
  checkGridSteps(gridSteps);
  checkDelta(delta);
  if (relation !== 'replace-one') throw new RangeError(`relation must be replace-one, got ${String(relation)}`);
  if ((asked === undefined) === (epsilon === undefined)) {
    throw new RangeError('one of noiseMultiplier and epsilon must be given, and not both');
  }

  const sensitivity = 2 * gridSteps;
  const epsilonAt = (multiplier: number): number =>
    discreteGaussianEpsilon({ noiseStddev: multiplier * sensitivity, sensitivity, delta, dimension });
  const noiseMultiplier = asked ?? leastMultiplier(epsilonAt, epsilon, delta);
  checkPositive('noiseMultiplier', noiseMultiplier);
  const noiseStddev = noiseMultiplier * sensitivity;
  // Refuses a noise out of range now, not on the first vector.
  discreteGaussianVector({ length: 0, noiseStddev });

  return {
    mechanism: 'local-gaussian',
    dimension,
    clippingNorm,
    gridSteps,
    noiseMultiplier,
    noiseStddev,
    sensitivity,
    guarantee: {
      epsilon: epsilonAt(noiseMultiplier),
      delta,
      accountant: 'discrete-gaussian',
      neighboringRelation: relation,
      privacyUnit,
    },
    privatize(vector, random = secureRandom()) {
      checkDimension('vector', vector, dimension);
      return addDiscreteGaussian(clipToGrid(vector, { clippingNorm, gridSteps }), noiseStddev, random);
    },
    decode(report) {
      checkDimension('report', report, dimension);
      return Float64Array.from(report, (steps) => (steps * clippingNorm) / gridSteps);
    },
  };
}

// The continuous Gaussian needs a little less, so that the search begins there; every multiplier that passes is valid.
function leastMultiplier(epsilonAt: (multiplier: number) => number, epsilon: number, delta: number): number {
  let lower = gaussianNoiseMultiplier({ epsilon, delta });
  if (epsilonAt(lower) <= epsilon) return lower;
  let upper = lower * (1 + 1e-6);
  while (epsilonAt(upper) > epsilon) {
    lower = upper;
    upper *= 1.1;
  }
  while (upper - lower > 1e-9 * upper) {
    const middle = (lower + upper) / 2;
    if (epsilonAt(middle) <= epsilon) upper = middle;
    else lower = middle;
  }
  return upper;
}

/**
 * Integers with discrete Gaussian noise, cut to 32 bits, which depends on nothing but the noised value.
 *
 * @param noiseStddev in [2^-40, 2^40]
 * @throws {RangeError} outside
 */
export function addDiscreteGaussian(
  values: Int32Array,
  noiseStddev: number,
  random: RandomSource = secureRandom(),
): Int32Array<ArrayBuffer> {
  const noise = discreteGaussianVector({ length: values.length, noiseStddev }, random);
  return Int32Array.from(values, (value, index) => Math.min(2 ** 31 - 1, Math.max(-(2 ** 31), value + noise[index]!)));
}
