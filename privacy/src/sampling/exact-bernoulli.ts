import { expOfNegativeFraction, type FixedPointBounds } from '../numerics/exponential.ts';
import type { RandomSource } from './random.ts';

/**
 * Bounds of a probability times 2**bits, for any number of bits. It lies strictly between 0 and 1 and is no fraction of
 * a power of two, as no power of e is, so that enough bits tell it from any such fraction.
 */
export type ProbabilityBounds = (bits: number) => FixedPointBounds;

/** How many bits a sampler looks at before it needs exact arithmetic: as many as a double holds. */
export const firstBits = 53;
const moreBits = 64;
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
export function bernoulliExp(
  gamma: number,
  fraction: () => { numerator: bigint; denominator: bigint },
  random: RandomSource,
): boolean {
  const uniform = uniform53(random);
  // exp(-gamma) is wrong by the error of gamma, times itself, and by the 2**-46 of expNegative; for the products
  // exp(-gamma) (1 + gamma) <= 1, so that 2**-45 bounds all of it, and the 2**-53 cut off from the uniform number.
  const threshold = expNegative(gamma) * twoTo53;
  if (uniform < threshold - slack) return true;
  if (uniform > threshold + slack) return false;
  const exact = fraction();
  return settle(uniform, (bits) => expOfNegativeFraction(exact, bits), random);
}

const slack = 2 ** (firstBits - 44);

/** A coin of exactly this probability: two words a toss, and more about once in 10^16 tosses. */
export function bernoulliSampler(probability: ProbabilityBounds): (random: RandomSource) => boolean {
  const threshold = floorToFirstBits(probability);
  return (random) => {
    const uniform = uniform53(random);
    return uniform === threshold ? settle(uniform, probability, random) : uniform < threshold;
  };
}

/** The first 53 bits of a probability below 1. */
function floorToFirstBits(probability: ProbabilityBounds): number {
  for (let bits = firstBits + moreBits; ; bits += moreBits) {
    const { lower, upper } = probability(bits);
    const floor = firstOf(lower, bits);
    if (floor === firstOf(upper, bits)) return floor;
  }
}

/** The first 53 of `bits` bits; of a bound of 1 itself, those of the largest number below it. */
export function firstOf(bound: bigint, bits: number): number {
  return Math.min(Number(bound >> BigInt(bits - firstBits)), twoTo53 - 1);
}

/** A uniform integer below 2**53: two words, of which the lowest 11 bits of the first are left over. */
function uniform53(random: RandomSource): number {
  return join53(random.nextUint32(), random.nextUint32());
}

/** 53 of the bits of two words. */
export function join53(high: number, low: number): number {
  return (high >>> 11) * 2 ** 32 + low;
}

/** More and more bits of a uniform number that begins with these 53, as integers below 2**bits. */
export function* refine(uniform: number, random: RandomSource): Generator<{ known: bigint; bits: number }, never> {
  let known = BigInt(uniform);
  for (let bits = firstBits + moreBits; ; bits += moreBits) {
    known = (known << BigInt(moreBits)) | random.nextUint64();
    yield { known, bits };
  }
}

function settle(uniform: number, probability: ProbabilityBounds, random: RandomSource): boolean {
  for (const { known, bits } of refine(uniform, random)) {
    // The number lies between known and known + 1, both over 2**bits.
    const { lower, upper } = probability(bits);
    if (known + 1n <= lower) return true;
    if (known >= upper) return false;
  }
  throw new Error('unreachable');
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
