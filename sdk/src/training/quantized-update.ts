import { discreteGaussianVector, type RandomSource } from '@chorale/privacy';
import { ChoraleError, GRID_STEPS } from '@chorale/protocol';

/**
 * A model delta clipped to the L2 norm `clippingNorm`, in whole grid steps (`clippingNorm / GRID_STEPS`
 * each). The integers' own norm is at most `GRID_STEPS`, checked without rounding: the sensitivity
 * rests on it.
 *
 * @throws ChoraleError `TRAINING_DATA_INVALID` unless every number is finite.
 */
export function quantizeUpdate(delta: Float64Array, clippingNorm: number): Int32Array<ArrayBuffer> {
  if (!delta.every(Number.isFinite))
    throw new ChoraleError('TRAINING_DATA_INVALID', 'training diverged: the update is not finite');
  // Scaled by the largest entry first, so that no square overflows.
  const largest = delta.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  if (largest === 0) return new Int32Array(delta.length);
  const norm = largest * Math.sqrt(delta.reduce((sum, value) => sum + (value / largest) ** 2, 0));
  let scale = GRID_STEPS / Math.max(norm, clippingNorm);
  for (;;) {
    // Truncation moves every coordinate towards zero, so it never makes the norm longer.
    const steps = Int32Array.from(delta, (value) => Math.trunc(value * scale));
    // Integers below 2^53 add without rounding, and this sum is near 2^32 at most.
    const squares = steps.reduce((sum, value) => sum + value * value, 0);
    if (squares <= GRID_STEPS * GRID_STEPS) return steps;
    // Only the rounding of the norm can lead here.
    scale *= 1 - 2 ** -40;
  }
}

/**
 * Integers with discrete Gaussian noise, within 32 bits: a sum beyond them is cut, which depends on nothing
 * but the noised value.
 * @param noiseStddev >= 0; 0 is none.
 */
export function addNoise(values: Int32Array, noiseStddev: number, random?: RandomSource): Int32Array<ArrayBuffer> {
  if (noiseStddev === 0) return Int32Array.from(values);
  const noise = discreteGaussianVector({ length: values.length, noiseStddev }, random);
  return Int32Array.from(values, (value, i) => Math.min(2 ** 31 - 1, Math.max(-(2 ** 31), value + noise[i]!)));
}
