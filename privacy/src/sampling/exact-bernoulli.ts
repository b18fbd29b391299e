import { expOfNegativeFraction, type FixedPointBounds, type Fraction } from '../numerics/exponential.ts';
import { firstBits, settle, tableSampler, uniform53 } from './cumulative-table.ts';
import type { RandomSource } from './random.ts';

const twoTo53 = 2 ** firstBits;

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
export function bernoulliExp(gamma: number, fraction: () => Fraction, random: RandomSource): boolean {
  const uniform = uniform53(random);
  // exp(-gamma) is wrong by the error of gamma, times itself, and by the 2**-46 of expNegative; for the products
  // exp(-gamma) (1 + gamma) <= 1, so that 2**-45 bounds all of it, and the 2**-53 cut off from the uniform number.
  const threshold = expNegative(gamma) * twoTo53;
  if (uniform < threshold - slack) return true;
  if (uniform > threshold + slack) return false;
  const exact = fraction();
  return settle(uniform, (bits) => [expOfNegativeFraction(exact, bits)], random) === 0;
}

const slack = 2 ** (firstBits - 44);

/** A coin of exactly this probability, times 2**bits: two words a toss, and more about once in 10^16 tosses. */
export function bernoulliSampler(probability: (bits: number) => FixedPointBounds): (random: RandomSource) => boolean {
  const select = tableSampler((bits) => [probability(bits)]);
  return (random) => select(uniform53(random), random) === 0;
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
