import { checkIn, checkIndex } from '../numerics/checks.ts';
import { makeChannel, selector, weightTotal } from './channel.ts';
import { checkAlphabet, type FrequencyChannel, type SupportProbabilities } from './frequency-mechanism.ts';
import { truthWeight } from './truth-weight.ts';
import { ceilDivide } from '../numerics/exponential.ts';

/**
 * A k-ary randomized response channel: the truth with probability p, every other option with probability q. A report
 * supports the letter that it is.
 */
export interface RandomizedResponse extends FrequencyChannel {
  readonly mechanism: 'randomized-response';
}

/** Whether an error is about these very respondents, or about the people they were drawn from. */
export type Population = 'fixed' | 'independent';

/**
 * Randomized response over `options` letters; Warner's with two. Pure epsilon, replace-one on the answer.
 *
 * @param options integer in [2, 1024]
 * @param epsilon in [1e-6, 20]
 * @throws {RangeError} outside these ranges
 * @see Warner, Randomized response, JASA 1965; Kairouz, Bonawitz and Ramage, ICML 2016, section 3
 */
export function randomizedResponse({ options, epsilon }: { options: number; epsilon: number }): RandomizedResponse {
  checkAlphabet({ options, epsilon });

  // keep / other <= e^epsilon and keep + (k - 1) other = 2^64 together ask for other >= 2^64 / (e^epsilon + k - 1), the
  // equal parts of what the truth must leave. Both roundings go up in `other`, towards less loss.
  const lies = BigInt(options - 1);
  const other = ceilDivide(weightTotal - truthWeight(epsilon, [1, options]), lies);
  const keep = weightTotal - lies * other;

  // Boundaries of all k rows in the space of two: after the outputs 0 .. j the cumulative weight is (j + 1) other while
  // the truth is still ahead, and keep + j other once it is reached.
  const ahead = Array.from({ length: options - 1 }, (_, output) => BigInt(output + 1) * other);
  const select = selector(
    ahead.map((weight) => weight + keep - other),
    ahead,
  );

  return {
    ...makeChannel({
      mechanism: 'randomized-response',
      inputs: options,
      outputs: options,
      epsilon,
      weightTotal,
      worst: [keep, other],
      weight: (input, output) => (input === output ? keep : other),
      draw: (input, random) => select(random.nextUint64(), input),
    }),
    options,
    p: Number(keep) / Number(weightTotal),
    q: Number(other) / Number(weightTotal),
    pairWithTruth: 0,
    pairWithoutTruth: 0,
    reportBits: Math.log2(options),
    addSupport(report, counts) {
      counts[checkIndex('report', report, options)]! += 1;
    },
  };
}

/**
 * Variance of the estimated share (support / n - q) / (p - q) of one option, everybody answering.
 *
 * @param share the option's true share, in [0, 1]
 * @param respondents > 0; need not be an integer, so that a plan can use an expected number
 * @param population `fixed` counts the mechanism's noise alone; `independent` also the drawing of respondents
 * @throws {RangeError} outside these ranges
 * @see Wang, Blocki, Li and Jha, Locally differentially private protocols for frequency estimation, USENIX
 *   Security 2017, theorem 2, whose q(1 - q) term alone holds only for share = 0
 */
export function shareVariance({
  channel,
  share,
  respondents,
  population,
}: {
  channel: Pick<SupportProbabilities, 'p' | 'q'>;
  share: number;
  respondents: number;
  population: Population;
}): number {
  checkIn('share', share, '[0, 1]');
  checkIn('respondents', respondents, '(0, Infinity]');
  const { p, q } = channel;
  // One report supports the option with probability p from its holders and q from others. For these very people
  // the two Bernoulli variances add up; for people drawn anew the support is one Bernoulli variable of mean lambda.
  const lambda = share * p + (1 - share) * q;
  const perReport = population === 'fixed' ? share * p * (1 - p) + (1 - share) * q * (1 - q) : lambda * (1 - lambda);
  return perReport / (respondents * (p - q) ** 2);
}
