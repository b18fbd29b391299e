import { type RandomSource, secureRandom } from '@chorale/privacy';
import { addDiscreteGaussian, clipToGrid } from '@chorale/privacy/updates';
import {
  type AdaptiveClipping,
  ChoraleError,
  GRID_STEPS,
  indicatorSteps,
  largestMultiple,
  type UpdateFormat,
} from '@chorale/protocol';

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
 * A clipped update with one more number, which tells by its sign whether the delta was within the norm.
 * @param update of `quantizeUpdate`, by this delta and norm
 */
export function withIndicator(
  update: Int32Array,
  {
    delta,
    clippingNorm,
    adaptiveClipping,
  }: { delta: Float64Array; clippingNorm: number; adaptiveClipping: AdaptiveClipping },
): Int32Array<ArrayBuffer> {
  // Beyond all numbers is clipped, too.
  const norm = Math.sqrt(delta.reduce((sum, value) => sum + value * value, 0));
  const steps = indicatorSteps(adaptiveClipping, GRID_STEPS);
  const extended = new Int32Array(update.length + 1);
  extended.set(update);
  extended[update.length] = norm <= clippingNorm ? steps : -steps;
  return extended;
}

/**
 * Integers with discrete Gaussian noise, within 32 bits.
 * @param noiseStddev >= 0; 0 is none.
 */
export function addNoise(values: Int32Array, noiseStddev: number, random?: RandomSource): Int32Array<ArrayBuffer> {
  return noiseStddev === 0 ? Int32Array.from(values) : addDiscreteGaussian(values, noiseStddev, random);
}

/**
 * Each integer rounded at random to one of the two multiples of the unit around it, on average to itself (Alistarh
 * et al. 2017, section 3.1, with public levels), and limited to what the format can write. What was noised stays as
 * private as it was: nothing but the noised integers is looked at.
 */
export function roundToFormat(
  values: Int32Array<ArrayBuffer>,
  { bits, unit }: UpdateFormat,
  random: RandomSource = secureRandom(),
): Int32Array<ArrayBuffer> {
  if (unit === 1) return values;
  const largest = largestMultiple(bits);
  return values.map((value) => {
    // With a uniform integer below the unit added, rounding down is rounding up as often as the rest demands.
    const multiple = Math.floor((value + (random.nextUint32() & (unit - 1))) / unit);
    return Math.min(largest, Math.max(-largest, multiple)) * unit;
  });
}
