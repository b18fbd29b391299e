import { discreteGaussianVector, type RandomSource } from '@chorale/privacy';
import type { ClippedGradientSum } from './engines/engine.ts';

/** Grid steps in one `exampleClippingNorm`: far finer than any noise that protects an example. */
const GRADIENT_GRID_STEPS = 2 ** 20;

/**
 * Replace-one L2 sensitivity, in grid steps, of a sum of clipped gradients once it was computed in doubles
 * and rounded to the grid.
 *
 * Let S be the grid steps in a clipping norm c, n the rows, d the parameters. The exact sums of two data
 * sets that differ in one row differ by two vectors of norm c at most: 2S. To this come
 * - rounding to the grid: half a step a coordinate in each sum, so sqrt(d) / 2 in norm, twice: sqrt(d);
 * - rounding of doubles, u = 2^-53 each: a computed norm, and so a clipped gradient, is off by a factor
 *   1 + (d + 8) u at most; adding n vectors of norm c rounds each partial sum, of norm nc at most, once,
 *   beside its products and its scaling: n (n + 6) u c in all. Twice, for the two sums, is less than
 *   2S (d + (n + 4)^2) 2u.
 *
 * Noise is scaled to this, so the multiplier that is charged holds for what is computed, not for an ideal.
 */
export function gradientSensitivity({ rows, parameters }: { rows: number; parameters: number }): number {
  return 2 * GRADIENT_GRID_STEPS * (1 + (parameters + (rows + 4) ** 2) * 2 ** -52) + Math.sqrt(parameters);
}

/**
 * The gradient sum on an integer grid with discrete Gaussian noise of `noiseMultiplier` sensitivities,
 * scaled back. As private, per step, as the Gaussian mechanism with this multiplier (Canonne, Kamath,
 * Steinke 2020, Theorem 4). The number of rows is public.
 *
 * @param gradient computed in doubles
 * @param noiseMultiplier > 0
 */
export function noisedGradientSum(
  { gradientSum, examples }: Pick<ClippedGradientSum, 'gradientSum' | 'examples'>,
  { exampleClippingNorm, noiseMultiplier }: { exampleClippingNorm: number; noiseMultiplier: number },
  random?: RandomSource,
): Float64Array {
  if (!(gradientSum instanceof Float64Array))
    throw new TypeError('gradientSum must hold doubles: the sensitivity is derived for them');
  const length = gradientSum.length;
  const noiseStddev = noiseMultiplier * gradientSensitivity({ rows: examples, parameters: length });
  const noise = discreteGaussianVector({ length, noiseStddev }, random);
  const step = exampleClippingNorm / GRADIENT_GRID_STEPS;
  return noise.map((value, i) => (Math.round(gradientSum[i]! / step) + value) * step);
}
