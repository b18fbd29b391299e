import { checkIndex, checkLength } from '../numerics/checks.ts';
import { realizeEpsilon, selector, weightTotal } from './channel.ts';
import { checkAlphabet, type FrequencyMechanism } from './frequency-mechanism.ts';
import { truthWeight } from './truth-weight.ts';
import { secureRandom } from '../sampling/random.ts';

/** A report holds 0 or 1 for each letter; it supports the letters with a 1. */
export interface UnaryEncoding extends FrequencyMechanism<Uint8Array> {
  readonly mechanism: 'optimized-unary-encoding';
}

/**
 * Optimized unary encoding: each letter's bit by itself, a 1 with probability 1/2 for the truth and 1 / (e^epsilon + 1)
 * for any other letter. Pure epsilon, replace-one on the answer.
 *
 * For reports that must not grow into the numbers of subset selection, whose error is always smaller. The symmetric
 * form, with p = 1 - q, has more error at every epsilon and is left out.
 *
 * @param options integer in [2, 1024]
 * @param epsilon in [1e-6, 20]
 * @throws {RangeError} outside these ranges
 * @see Wang, Blocki, Li and Jha, Locally differentially private protocols for frequency estimation, USENIX Security
 *   2017, section 4.3
 */
export function unaryEncoding({ options, epsilon }: { options: number; epsilon: number }): UnaryEncoding {
  checkAlphabet({ options, epsilon });
  // Two truths differ in two bits: p (1 - q) / ((1 - p) q) is the loss, which is (1 - q) / q for p = 1/2.
  const truth = truthWeight(epsilon, [1, 2]);
  const lie = weightTotal - truth;
  // The bit is 1 beyond the boundary.
  const bits = [selector([truth]), selector([weightTotal / 2n])] as const;
  const p = 0.5;
  const q = Number(lie) / Number(weightTotal);

  return {
    mechanism: 'optimized-unary-encoding',
    options,
    epsilon,
    realizedEpsilon: realizeEpsilon(epsilon, [truth, lie]),
    neighboringRelation: 'replace-one',
    p,
    q,
    // Bits are independent of each other.
    pairWithTruth: p * q,
    pairWithoutTruth: q * q,
    reportBits: options,
    privatize(letter, random = secureRandom()) {
      checkIndex('letter', letter, options);
      return new Uint8Array(options).map((_, index) => bits[Number(index === letter)]!(random.nextUint64()));
    },
    addSupport(report, counts) {
      // A copy has no holes, which `every` would pass over.
      checkLength('report', report, options);
      for (const bit of report) checkIndex('report', bit, 2);
      for (let index = 0; index < options; index += 1) counts[index]! += report[index]!;
    },
  };
}
