import type { FixedPointBounds } from '../numerics/exponential.ts';
import type { RandomSource } from './random.ts';

/**
 * Bounds of cumulative probabilities times 2**bits, Pr[0], Pr[0 or 1] and so on, for any number of bits; more of them may
 * follow where more bits can tell them from 1. None is a fraction of a power of two, as no power of e is, so that enough
 * bits tell it from any such fraction.
 */
export type CumulativeBounds = (bits: number) => readonly FixedPointBounds[];

/** How many bits a sampler looks at before it needs exact arithmetic: as many as a double holds. */
export const firstBits = 53;
const moreBits = 64;
const allOnes = 2 ** firstBits - 1;

/** A uniform integer below 2**53: two words, of which the lowest 11 bits of the first are left over. */
export function uniform53(random: RandomSource): number {
  return join53(random.nextUint32(), random.nextUint32());
}

/** 53 of the bits of two words. */
export function join53(high: number, low: number): number {
  return (high >>> 11) * 2 ** 32 + low;
}

/**
 * Draws integers of exactly these probabilities.
 *
 * @returns takes a uniform number below 2**53; where it cannot tell, once in 10^16 draws for each boundary, more bits are
 *   drawn
 */
export function tableSampler(cumulative: CumulativeBounds): (uniform: number, random: RandomSource) => number {
  const boundaries = firstBoundaries(cumulative);
  return (uniform, random) => {
    // How many boundaries are passed, by halving: always the same number of steps, and no branch on what is found.
    let passed = 0;
    for (let step = (boundaries.length + 1) / 2; step >= 1; step /= 2) {
      passed += step * Number(boundaries[passed + step - 1]! <= uniform);
    }
    return passed > 0 && boundaries[passed - 1] === uniform ? settle(uniform, cumulative, random) : passed;
  };
}

/** The first 53 bits of each probability; filled up with infinity to one less than a power of two. */
function firstBoundaries(cumulative: CumulativeBounds): Float64Array {
  for (let bits = firstBits + moreBits; ; bits += moreBits) {
    const bounds = cumulative(bits);
    const floors = bounds.map(([lower]) => firstOf(lower, bits));
    // From the first boundary of all ones on, only more bits can tell.
    const length = floors.includes(allOnes) ? floors.indexOf(allOnes) + 1 : floors.length;
    if (bounds.slice(0, length).every(([, upper], index) => floors[index] === firstOf(upper, bits))) {
      const boundaries = new Float64Array(2 ** Math.ceil(Math.log2(length + 1)) - 1).fill(Infinity);
      boundaries.set(floors.slice(0, length));
      return boundaries;
    }
  }
}

/** The first 53 of `bits` bits; of a bound of 1 itself, those of the largest number below it. */
function firstOf(bound: bigint, bits: number): number {
  return Math.min(Number(bound >> BigInt(bits - firstBits)), allOnes);
}

/** The draw for a uniform number that begins with these 53 bits, by as many more as it takes. */
export function settle(uniform: number, cumulative: CumulativeBounds, random: RandomSource): number {
  let known = BigInt(uniform);
  for (let bits = firstBits + moreBits; ; bits += moreBits) {
    known = (known << BigInt(moreBits)) | random.nextUint64();
    const bounds = cumulative(bits);
    // The number lies between known and known + 1, both over 2**bits.
    const ahead = bounds.findIndex(([lower]) => known + 1n <= lower);
    const found = ahead < 0 ? bounds.length : ahead;
    if (found === 0 || known >= bounds[found - 1]![1]) return found;
  }
}
