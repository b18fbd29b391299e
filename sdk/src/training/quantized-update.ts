import type { RandomSource } from '@chorale/privacy';
import { addDiscreteGaussian, clipToGrid } from '@chorale/privacy/updates';
import { ChoraleError, GRID_STEPS } from '@chorale/protocol';

/**
 * A model delta clipped to the L2 norm `clippingNorm`, in whole grid steps (`clippingNorm / GRID_STEPS`
 * each). The integers' own norm is at most `GRID_STEPS`, without rounding.
 *
 * @throws ChoraleError `TRAINING_DATA_INVALID` unless every number is finite.
 */
export function quantizeUpdate(delta: Float64Array, clippingNorm: number): Int32Array<ArrayBuffer> {
  if (!delta.every(Number.isFinite))
    throw new ChoraleError('TRAINING_DATA_INVALID', 'training diverged: the update is not finite');
  return clipToGrid(delta, { clippingNorm, gridSteps: GRID_STEPS });
}

/**
 * Integers with discrete Gaussian noise, within 32 bits.
 * @param noiseStddev >= 0; 0 is none.
 */
export function addNoise(values: Int32Array, noiseStddev: number, random?: RandomSource): Int32Array<ArrayBuffer> {
  return noiseStddev === 0 ? Int32Array.from(values) : addDiscreteGaussian(values, noiseStddev, random);
}
