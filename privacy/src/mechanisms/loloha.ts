import { checkIndex, checkInteger } from '../numerics/checks.ts';
import { hashFamily } from './hash-family.ts';
import type { LocalHashing } from './local-hashing.ts';
import { memoizedSteps, type MemoizedEpsilons, type MemoizedSteps } from './longitudinal-randomized-response.ts';
import { exponential } from './truth-weight.ts';
import type { RandomSource } from '../sampling/random.ts';

/**
 * Longitudinal local hashing: the answer is hashed to few values by a function that a device draws once, and the two
 * memoized steps work on the hash. Answers with the same hash share a permanent letter, so that answers may change
 * without end and still cost no more than `realizedTotalEpsilon`.
 *
 * A report is `{ seed, value: report(letters[hash(seed, answer)]) }`, with the seed and the letters of all hashes
 * memoized: a seed drawn anew gives new letters to use up.
 */
export interface Loloha
  extends
    MemoizedSteps,
    Pick<LocalHashing, 'options' | 'hashValues' | 'p' | 'q' | 'pairWithTruth' | 'pairWithoutTruth' | 'addSupport'> {
  readonly mechanism: 'loloha';
  /**
   * Of all reports together, whatever the answers were: one `realizedEpsilon` for each hash that answers can have. As
   * with each of them, it is about what the answers are; that a hash changed, and when, may show.
   */
  readonly realizedTotalEpsilon: number;
  /** A hash function: once for a person and question, and then kept. Independent of the answer, and public. */
  drawSeed(random?: RandomSource): number[];
  /**
   * The hash of an answer, an input of `permanent`.
   *
   * @throws {RangeError} for an answer outside 0 .. options - 1, or a seed that was not drawn by `drawSeed`
   */
  hash(seed: readonly number[], answer: number): number;
}

/**
 * LOLOHA, for questions asked again and again whose answers change.
 *
 * @param options integer in [2, 1024]
 * @param hashValues integer in [2, 1024]; unless it is given, the one with the least variance of rare letters' shares
 *   in one wave
 * @throws {RangeError} outside the ranges
 * @see Arcolezi, Pinzón, Palamidessi and Gambs, Frequency estimation of evolving data under local differential privacy,
 *   EDBT 2023; its second step adds more noise than was asked for (see `longitudinalRandomizedResponse`), and
 *   its number of hashes is made for that
 */
export function loloha({
  options,
  hashValues,
  ...epsilons
}: { options: number; hashValues?: number | undefined } & MemoizedEpsilons): Loloha {
  const g = hashValues ?? bestHashValues(epsilons.firstReportEpsilon);
  checkInteger('options', options, '[2, 1024]');
  checkInteger('hashValues', g, '[2, 1024]');
  const [steps, p] = memoizedSteps(g, epsilons);
  const { drawSeed, hash, supports, addSupport } = hashFamily(options, g);
  return {
    mechanism: 'loloha',
    options,
    hashValues: g,
    ...steps,
    // The product of a double and an integer is rounded once; the factor makes sure that it is not rounded down.
    realizedTotalEpsilon: Math.min(g, options) * steps.realizedEpsilon * (1 + 2 ** -52),
    ...supports(p),
    addSupport,
    drawSeed,
    hash: (seed, answer) => hash(seed, checkIndex('answer', answer, options)),
  };
}

/**
 * One wave has p = r / (r + m) and q = 1 / (m + 1), with r = e^eps1 and g = m + 1, so that a rare letter's variance
 *   q (1 - q) / (p - q)^2 = (r + m)^2 / (m (r - 1)^2)
 * is smallest where r^2 / m + m is: m + 1 is no better than m as soon as m (m + 1) >= r^2. The permanent epsilon does
 * not matter, because the second step makes up for it.
 */
function bestHashValues(firstReportEpsilon: number): number {
  if (!(firstReportEpsilon > 0 && firstReportEpsilon <= 20)) return 2;
  const m = Math.ceil((Math.sqrt(1 + 4 * exponential(2 * firstReportEpsilon)) - 1) / 2);
  return Math.min(1024, m + 1);
}
