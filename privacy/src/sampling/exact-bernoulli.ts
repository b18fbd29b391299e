import { expOfNegativeFraction } from '../numerics/exponential.ts';
import type { RandomSource } from './random.ts';

const twoToMinus53 = 2 ** -53;

/** A uniform multiple of 2**-53 in [0, 1): two words. */
function uniform53(random: RandomSource): number {
  return ((random.nextUint32() >>> 11) * 2 ** 32 + random.nextUint32()) * twoToMinus53;
}

/**
 * True with probability exactly exp(-gamma), for a gamma that is known exactly as a fraction and closely as a double.
 *
 * A uniform number is compared with bounds of exp(-gamma); only when its first 53 bits cannot tell, about once in
 * 10^13 draws, the fraction is made and both sides get 64 more bits at a time. The double thus speeds up the decision
 * and never makes it, and the answers are the same in every engine.
 *
 * @param gamma >= 0, may be infinite for a huge fraction; wrong by at most 2**-46 (1 + gamma)
 * @param fraction gamma exactly
 */
export function bernoulliExp(
  gamma: number,
  fraction: () => { numerator: bigint; denominator: bigint },
  random: RandomSource,
): boolean {
  const uniform = uniform53(random);
  // exp(-gamma) is wrong by the error of gamma, times itself, and by the 2**-46 of expNegative; for the products
  // exp(-gamma) (1 + gamma) <= 1, so that 2**-45 bounds all of it, and the 2**-53 cut off from the uniform number.
  const threshold = expNegative(gamma);
  if (uniform < threshold - slack) return true;
  if (uniform > threshold + slack) return false;
  return settle(uniform, fraction(), random);
}

const slack = 2 ** -44;

function settle(uniform: number, fraction: { numerator: bigint; denominator: bigint }, random: RandomSource): boolean {
  // `known` are the first `bits` bits of the uniform number U: known <= U 2**bits < known + 1.
  let bits = 53;
  let known = BigInt(Math.round(uniform / twoToMinus53));
  for (;;) {
    bits += 64;
    known = (known << 64n) | random.nextUint64();
    const { lower, upper } = expOfNegativeFraction(fraction, bits);
    if (known + 1n <= lower) return true;
    if (known >= upper) return false;
  }
}

/**
 * exp(-x) for x >= 0, wrong by at most 2**-46: built from the operations that IEEE 754 defines exactly, because
 * `Math.exp` may differ between engines.
 */
export function expNegative(x: number): number {
  if (x > 40) return 0;
  // x = k ln 2 + r with 0 <= r < ln 2: both products round by less than 2**-47.
  const k = Math.floor(x * Math.LOG2E);
  const r = x - k * Math.LN2;
  // exp(-r) by Taylor's series from the far end: after 16 terms 0.7^17 / 17! < 2**-56 is missing.
  let sum = 1;
  for (let index = 16; index >= 1; index -= 1) sum = 1 - (r * sum) / index;
  return sum / 2 ** k;
}
