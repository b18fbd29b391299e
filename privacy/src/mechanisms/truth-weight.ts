import { weightTotal } from './channel.ts';
import { fixedBits, fixedExp, fixedOne } from '../numerics/exponential.ts';

/** exp(epsilon) as a double that is the same in every engine, which `Math.exp` is not: both ends choose by it. */
export function exponential(epsilon: number): number {
  return Number(fixedExp(epsilon)) / Number(fixedOne);
}

/**
 * How often, of 2**64 times, a report may include the truth: the largest T for which the odds T : 2**64 - T are at most
 * e^epsilon times size : options - size, the odds of a blind choice of `size` letters.
 *
 * @param options > size
 */
export function truthWeight(epsilon: number, [size, options]: readonly [size: number, options: number]): bigint {
  // T = 2^64 e^eps size / (e^eps size + options - size) grows with e^eps: both roundings go down.
  const likely = fixedExp(epsilon) * BigInt(size);
  return (weightTotal * likely) / (likely + (BigInt(options - size) << fixedBits));
}
