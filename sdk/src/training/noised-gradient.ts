import { discreteGaussianVector, type RandomSource } from '@chorale/privacy';

/** Grid steps in one `exampleClippingNorm`: far finer than any noise that protects an example. */
const GRADIENT_GRID_STEPS = 2 ** 20;

/**
 * Replace-one L2 sensitivity, in grid steps, of a sum of clipped gradients once it was computed in doubles
 * and rounded to the grid.
 *
 * Let S be the grid steps in a clipping norm c, n the rows, d the parameters. The exact sums of two data
 * sets that differ in one row differ by two vectors of norm c at most: 2S. To this come
 * - rounding to the grid: half a step a coordinate in each sum, so sqrt(d) / 2 in norm, twice: sqrt(d), and once more
 *   so that half of the whole bounds what one row adds to a sum, too, as Poisson samples need it;
 * - rounding of doubles, u = 2^-53 each: a computed norm, and so a clipped gradient, is off by a factor
 *   1 + (d + 8) u at most; adding n vectors of norm c rounds each partial sum, of norm nc at most, once,
 *   beside its products and its scaling: n (n + 6) u c in all. Twice, for the two sums, is less than
 *   2S (d + (n + 4)^2) 2u.
 *
 * Noise is scaled to this, so the multiplier that is charged holds for what is computed, not for an ideal.
 */
export function gradientSensitivity({ rows, parameters }: { rows: number; parameters: number }): number {
  return 2 * GRADIENT_GRID_STEPS * (1 + (parameters + (rows + 4) ** 2) * 2 ** -52) + 2 * Math.sqrt(parameters);
}

// Stddev in grid steps of the part of the noise that only makes up for the grid.
const GRID_NOISE_STDDEV = 4;

/**
 * The gradient sum on an integer grid with discrete Gaussian noise of `noiseMultiplier` sensitivities, scaled back.
 *
 * As private, per step, as the Gaussian mechanism with this multiplier, sampled or not. Let r be `GRID_NOISE_STDDEV` and s
 * the other part of the noise, of variance r^2 + s^2. Of x, a continuous Gaussian of stddev s about an integer, make an
 * integer y with probability in proportion to exp(-(y - x)^2 / (2 r^2)). The sum of these over all y hardly depends on x,
 * by a factor of 1 +- 2 e^(-2 pi^2 r^2) (Poisson's summation), so y is a discrete Gaussian of stddev sqrt(r^2 + s^2) about
 * the same integer, but for a factor that differs from 1 by 1e-136. The discrete one is thus post-processing of the other.
 *
 * @param gradientSum computed in doubles
 * @param options.rows public: those of which the sum has all or a sample, or the most that they can be
 * @param options.noiseMultiplier > 0
 */
export function noisedGradientSum(
  gradientSum: Float32Array | Float64Array,
  {
    rows,
    exampleClippingNorm,
    noiseMultiplier,
  }: { rows: number; exampleClippingNorm: number; noiseMultiplier: number },
  random?: RandomSource,
): Float64Array {
  if (!(gradientSum instanceof Float64Array))
    throw new TypeError('gradientSum must hold doubles: the sensitivity is derived for them');
  const length = gradientSum.length;
  const noiseStddev = Math.hypot(
    noiseMultiplier * gradientSensitivity({ rows, parameters: length }),
    GRID_NOISE_STDDEV,
  );
  const noise = discreteGaussianVector({ length, noiseStddev }, random);
  const step = exampleClippingNorm / GRADIENT_GRID_STEPS;
  return noise.map((value, i) => (Math.round(gradientSum[i]! / step) + value) * step);
}
