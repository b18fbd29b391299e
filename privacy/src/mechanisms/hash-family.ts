import { checkIndex, checkLength } from '../numerics/checks.ts';
import type { SupportProbabilities } from './frequency-mechanism.ts';
import { type RandomSource, secureRandom, uniformInteger } from '../sampling/random.ts';

/** A hash function and a randomized hash; the report supports all letters with this hash. */
export interface HashedReport {
  /** Integers in [0, hashValues), one for each binary digit of a letter. Public, and independent of the letter. */
  readonly seed: readonly number[];
  /** In [0, hashValues). */
  readonly value: number;
}

/** Hash functions of letters, each named by a seed. */
interface HashFamily {
  /** Of a seed and a hash. */
  readonly reportBits: number;
  readonly drawSeed: (random?: RandomSource) => number[];
  /** The hash of a letter. @throws {RangeError} for a seed that was not drawn by `drawSeed` */
  readonly hash: (seed: readonly number[], letter: number) => number;
  /** Of reports whose value is the letter's own hash with probability p, and else any other alike. */
  readonly supports: (p: number) => SupportProbabilities;
  /** As a frequency mechanism has it. */
  readonly addSupport: (report: HashedReport, counts: Float64Array) => void;
}

/**
 * The hash of letter v is the sum of seed[j] over the binary digits j that v has, modulo g. Whoever treats all values
 * alike sees differences of hashes only, and for distinct letters u, v, w the pair h(v) - h(u), h(w) - h(u) is exactly
 * uniform over the seed: the digits of the three are linearly independent, together with a constant 1, modulo every
 * prime. Supports are therefore exact for any g, without assumptions on a hash function.
 *
 * @param g how many values a hash has
 */
export function hashFamily(options: number, g: number): HashFamily {
  const digits = 32 - Math.clz32(options - 1);
  const hashes = new Float64Array(2 ** digits);
  const hashesOf = (seed: readonly number[]): Float64Array => {
    checkLength('seed', seed, digits);
    for (const part of seed) checkIndex('seed', part, g);
    // Each digit doubles the letters whose hash is known.
    for (const [digit, part] of seed.entries()) {
      const known = 1 << digit;
      for (let letter = 0; letter < known; letter += 1) hashes[known + letter] = (hashes[letter]! + part) % g;
    }
    return hashes;
  };
  return {
    reportBits: (digits + 1) * Math.log2(g),
    drawSeed: (random = secureRandom()) => Array.from({ length: digits }, () => uniformInteger(g, random)),
    hash: (seed, letter) => hashesOf(seed)[letter]!,
    // Any other letter's hash differs from the true one's by a uniform number, whatever is reported, and so do two
    // others' from each other.
    supports: (p) => ({ p, q: 1 / g, pairWithTruth: p / g, pairWithoutTruth: 1 / g ** 2 }),
    addSupport({ seed, value }, counts) {
      hashesOf(seed);
      checkIndex('value', value, g);
      for (let letter = 0; letter < options; letter += 1) counts[letter]! += Number(hashes[letter] === value);
    },
  };
}
