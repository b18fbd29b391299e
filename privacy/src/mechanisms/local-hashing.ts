import { Boundaries, checkIndex, realizeEpsilon, weightTotal } from './channel.ts';
import { checkAlphabet, type FrequencyMechanism } from './frequency-mechanism.ts';
import { exponential, truthWeight } from './truth-weight.ts';
import { secureRandom, uniformInteger } from '../sampling/random.ts';

/** A hash function and a randomized hash; the report supports all letters with this hash. */
export interface HashedReport {
  /** Integers in [0, hashValues), one for each binary digit of a letter. Public, and independent of the letter. */
  readonly seed: readonly number[];
  /** In [0, hashValues). */
  readonly value: number;
}

/** Randomized response on a hash of the letter. */
export interface LocalHashing extends FrequencyMechanism<HashedReport> {
  readonly mechanism: 'optimal-local-hashing';
  /** How many values a hash has, g in the derivations. */
  readonly hashValues: number;
}

/**
 * Optimal local hashing: the letter is hashed to about e^epsilon + 1 values with a function that the device draws, and
 * the hash is sent by randomized response. Pure epsilon, replace-one on the answer. For many letters and short reports.
 *
 * The hash of letter v is the sum of seed[j] over the binary digits j that v has, modulo g. Randomized response treats
 * all values alike, so only differences of hashes matter, and for distinct letters u, v, w the pair h(v) - h(u), h(w) -
 * h(u) is exactly uniform over the seed: the digits of the three are linearly independent, together with a constant 1,
 * modulo every prime. Supports are therefore exact for any g, without assumptions on a hash function.
 *
 * Hadamard response is not offered, whose reports are as short: at k = 50, epsilon = 2, n = 1,000 a count has the
 * variance 1,327, with local hashing 818.
 *
 * @param options integer in [2, 1024]
 * @param epsilon in (0, 20]
 * @param hashValues integer in [2, 2**31]; round(e^epsilon) + 1 unless it is given
 * @throws {RangeError} outside these ranges
 * @see Wang, Blocki, Li and Jha, Locally differentially private protocols for frequency estimation, USENIX Security
 *   2017, section 4.4
 */
export function localHashing({
  options,
  epsilon,
  hashValues,
}: {
  options: number;
  epsilon: number;
  hashValues?: number | undefined;
}): LocalHashing {
  checkAlphabet({ options, epsilon });
  const g = hashValues ?? Math.round(exponential(epsilon)) + 1;
  checkInteger('hashValues', g, '[2, 2**31]');
  const truth = truthWeight({ epsilon, size: 1, options: g });
  const odds = { numerator: truth * BigInt(g - 1), denominator: weightTotal - truth };
  const isLie = new Boundaries([truth]);
  const digits = 32 - Math.clz32(options - 1);
  const hashes = new Float64Array(2 ** digits);

  // v's own hash is supported with probability p; any other letter's differs from it by a uniform number, whatever
  // randomized response adds, and so do two others' from each other.
  const p = Number(truth) / Number(weightTotal);
  return {
    mechanism: 'optimal-local-hashing',
    hashValues: g,
    options,
    epsilon,
    realizedEpsilon: realizeEpsilon(epsilon, odds),
    neighboringRelation: 'replace-one',
    p,
    q: 1 / g,
    pairWithTruth: p / g,
    pairWithoutTruth: 1 / g ** 2,
    reportBits: (digits + 1) * Math.log2(g),
    privatize(letter, random = secureRandom()) {
      checkIndex('letter', letter, options);
      const seed = Array.from({ length: digits }, () => uniformInteger(g, random));
      const hash = seed.reduce((sum, part, digit) => sum + part * ((letter >> digit) & 1), 0);
      const lie = (1 + uniformInteger(g - 1, random)) * isLie.select(random.nextUint64());
      return { seed, value: (hash + lie) % g };
    },
    addSupport({ seed, value }, counts) {
      if (seed.length !== digits) throw new RangeError(`seed must hold ${digits} integers, got ${seed.length}`);
      for (const part of seed) checkIndex('seed', part, g);
      checkIndex('value', value, g);
      // Each digit doubles the letters whose hash is known.
      for (const [digit, part] of seed.entries()) {
        const known = 1 << digit;
        for (let letter = 0; letter < known; letter += 1) hashes[known + letter] = (hashes[letter]! + part) % g;
      }
      for (let letter = 0; letter < options; letter += 1) counts[letter]! += Number(hashes[letter] === value);
    },
  };
}
