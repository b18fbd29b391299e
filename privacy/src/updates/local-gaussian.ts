import { checkIn, checkArray, checkInteger, checkLength, checkPositive } from '../numerics/checks.ts';
import { discreteGaussianEpsilon, leastNoise } from '../accounting/discrete-gaussian-accounting.ts';
import { gaussianNoiseMultiplier } from '../accounting/gaussian-accounting.ts';
import type { Guarantee, PrivacyUnit } from '../accounting/guarantee.ts';
import { discreteGaussianVector } from '../sampling/discrete-gaussian.ts';
import { secureRandom, type RandomSource } from '../sampling/random.ts';
import { clipToGrid } from './clipping.ts';

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
   * @throws {RangeError} unless it is an Int32Array of `dimension` steps
   */
  decode(report: Int32Array): Float64Array;
}

/**
 * The Gaussian mechanism on an integer grid. Integers leave no floating-point trace of what was noised, and their sum is
 * exact in any order. Replace-one, as any local mechanism: a device cannot be absent from its own data.
 *
 * @param clippingNorm L2, finite and > 0
 * @param dimension integer in [1, 1e7]
 * @param gridSteps how many steps make up the clipping norm, integer in [1, 2^24]
 * @param noiseMultiplier finite and > 0; or `epsilon`, finite and > 0, for the least that gives it
 * @param delta in (0, 1)
 * @throws {RangeError} outside these ranges, for a noise outside those of `discreteGaussian`, or where gridSteps +
 *   8 noiseStddev exceeds 2^31
 * @see Canonne, Kamath and Steinke, The discrete Gaussian for differential privacy, NeurIPS 2020
 */
export function localGaussian({
  clippingNorm,
  dimension,
  gridSteps,
  delta,
  noiseMultiplier: asked,
  epsilon,
  privacyUnit = 'employee',
}: {
  clippingNorm: number;
  dimension: number;
  gridSteps: number;
  delta: number;
  privacyUnit?: PrivacyUnit | undefined;
} & (
  | { noiseMultiplier: number; epsilon?: undefined }
  | { noiseMultiplier?: undefined; epsilon: number }
)): LocalGaussian {
  checkPositive({ clippingNorm });
  checkInteger('dimension', dimension, '[1, 1e7]');
  checkInteger('gridSteps', gridSteps, `[1, ${2 ** 24}]`);
  if ((asked === undefined) === (epsilon === undefined)) {
    throw new RangeError('one of noiseMultiplier and epsilon must be given, and not both');
  }

  const sensitivity = 2 * gridSteps;
  const epsilonAt = (multiplier: number): number =>
    discreteGaussianEpsilon({ noiseStddev: multiplier * sensitivity, sensitivity, delta, dimension });
  const noiseMultiplier =
    asked ?? leastNoise((multiplier) => epsilonAt(multiplier) > epsilon, gaussianNoiseMultiplier({ epsilon, delta }));
  checkPositive({ noiseMultiplier });
  const noiseStddev = noiseMultiplier * sensitivity;
  // Refuses a noise out of range now, not on the first vector.
  discreteGaussianVector({ length: 0, noiseStddev });
  // Eight standard deviations from the cut to 32 bits, it takes off less than 1e-15 of one on average.
  checkIn('gridSteps + 8 * noiseStddev', gridSteps + 8 * noiseStddev, `[0, ${2 ** 31}]`);

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
      neighboringRelation: 'replace-one',
      privacyUnit,
    },
    privatize(vector, random = secureRandom()) {
      checkLength('vector', vector, dimension);
      return addDiscreteGaussian(clipToGrid(vector, { clippingNorm, gridSteps }), noiseStddev, random);
    },
    decode(report) {
      checkArray('report', report, Int32Array, dimension);
      return Float64Array.from(report, (steps) => (steps * clippingNorm) / gridSteps);
    },
  };
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
  const noised = new Int32Array(values.length);
  for (let i = 0; i < noised.length; i += 1)
    noised[i] = Math.min(2 ** 31 - 1, Math.max(-(2 ** 31), values[i]! + noise[i]!));
  return noised;
}
