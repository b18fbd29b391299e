import { checkIn, checkInteger } from '../numerics/checks.ts';
import type { RandomSource } from '../sampling/random.ts';
import type { Channel } from './channel.ts';

/**
 * A local randomizer of one of `options` letters whose report supports a set of letters, and whose support counts
 * invert to unbiased shares: a "pure" protocol. Randomized response supports one letter, subset selection and unary
 * encoding several.
 *
 * @see Wang, Blocki, Li and Jha, Locally differentially private protocols for frequency estimation, USENIX Security
 *   2017, definition 3
 */
export interface FrequencyMechanism<Report> extends SupportProbabilities {
  readonly mechanism: string;
  /** How many letters its alphabet has, "no answer" included where there is one. */
  readonly options: number;
  /** The epsilon asked for. */
  readonly epsilon: number;
  /** The epsilon of the integer probabilities, never above `epsilon`. */
  readonly realizedEpsilon: number;
  readonly neighboringRelation: 'replace-one';
  /** Bits that tell one report from all others, not rounded up; the least that it takes on a wire. */
  readonly reportBits: number;
  /**
   * One report, with the same number of random words and the same work for every letter.
   *
   * @throws {RangeError} for a letter outside 0 .. options - 1, before anything is drawn
   */
  privatize(letter: number, random?: RandomSource): Report;
  /**
   * Adds 1 to the count of every letter that the report supports.
   *
   * @param counts one for each letter
   * @throws {RangeError} for a report that the mechanism cannot produce, with the counts left as they were
   */
  addSupport(report: Report, counts: Float64Array): void;
}

/** How likely a report supports letters: all that an estimator needs to know. */
export interface SupportProbabilities {
  /** Pr[a letter is supported | it is true]. */
  readonly p: number;
  /** Pr[a letter is supported | another one is true]. */
  readonly q: number;
  /** Pr[both of two letters are supported | one of them is true]; 0 for randomized response. */
  readonly pairWithTruth: number;
  /** Pr[both of two letters are supported | a third one is true]; 0 for randomized response. */
  readonly pairWithoutTruth: number;
}

/** A frequency mechanism whose report is one integer, so that its table of probabilities can be listed. */
export interface FrequencyChannel extends Channel, FrequencyMechanism<number> {}

/**
 * Checks what all frequency mechanisms are made from.
 *
 * @throws {RangeError} unless options is an integer in [2, 1024] and epsilon in [1e-6, 20]
 */
export function checkAlphabet({ options, epsilon }: { options: number; epsilon: number }): void {
  checkInteger('options', options, '[2, 1024]');
  // Below, so little is told that 64-bit weights may tell nothing, and that no estimate could use it.
  checkIn('epsilon', epsilon, '[1e-6, 20]');
}
