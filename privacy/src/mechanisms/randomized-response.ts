import { checkIndex, realizeEpsilon, weightTotal, type Channel } from './channel.ts';
import { ceilDivide, expFixedPoint } from '../numerics/exponential.ts';
import { secureRandom, type RandomSource } from '../sampling/random.ts';

/** A k-ary randomized response channel: the truth with probability p, every other option with probability q. */
export interface RandomizedResponse extends Channel {
  readonly mechanism: 'randomized-response';
  /** How many letters its alphabet has, "no answer" included where there is one. */
  readonly options: number;
  /** Pr[option | the same option is true]. */
  readonly p: number;
  /** Pr[option | another option is true]. */
  readonly q: number;
}

/** Whether an error is about these very respondents, or about the people they were drawn from. */
export type Population = 'fixed' | 'independent';

const twoTo64 = 2 ** 64;

/**
 * Randomized response over `options` letters; Warner's with two. Pure epsilon, replace-one on the answer.
 *
 * @param options integer in [2, 1024]
 * @param epsilon in (0, 20]
 * @throws {RangeError} outside these ranges
 * @see Warner, Randomized response, JASA 1965; Kairouz, Bonawitz and Ramage, ICML 2016, section 3
 */
export function randomizedResponse({ options, epsilon }: { options: number; epsilon: number }): RandomizedResponse {
  if (!Number.isInteger(options) || options < 2 || options > 1024) {
    throw new RangeError(`options must be an integer in [2, 1024], got ${options}`);
  }
  if (!(epsilon > 0 && epsilon <= 20)) throw new RangeError(`epsilon must be in (0, 20], got ${epsilon}`);

  // keep / other <= e^epsilon and keep + (k - 1) other = 2^64 together ask for other >= 2^64 / (e^epsilon + k - 1).
  // Both roundings go up in `other`, towards less loss: the lower bound of e^epsilon, then the quotient.
  const bits = 128;
  const denominator = expFixedPoint(epsilon, bits).lower + (BigInt(options - 1) << BigInt(bits));
  const other = ceilDivide(weightTotal << BigInt(bits), denominator);
  const keep = weightTotal - BigInt(options - 1) * other;
  const boundaries = new Boundaries(options, keep, other);

  const weight = (input: number, output: number): bigint =>
    checkIndex('input', input, options) === checkIndex('output', output, options) ? keep : other;

  return {
    mechanism: 'randomized-response',
    inputs: options,
    outputs: options,
    options,
    epsilon,
    realizedEpsilon: realizeEpsilon(epsilon, { numerator: keep, denominator: other }),
    neighboringRelation: 'replace-one',
    p: Number(keep) / twoTo64,
    q: Number(other) / twoTo64,
    weight,
    probability: (input, output) => Number(weight(input, output)) / twoTo64,
    privatize(input, random: RandomSource = secureRandom()) {
      return boundaries.select(checkIndex('input', input, options), random.nextUint64());
    },
  };
}

/**
 * Boundaries of all k rows in the space of two: after the outputs 0 .. j the cumulative weight is (j + 1) other
 * while the truth is still ahead, and keep + j other once it is passed.
 */
class Boundaries {
  readonly #ahead: Uint32Array;
  readonly #passed: Uint32Array;
  readonly #count: number;

  constructor(options: number, keep: bigint, other: bigint) {
    this.#count = options - 1;
    this.#ahead = new Uint32Array(2 * this.#count);
    this.#passed = new Uint32Array(2 * this.#count);
    for (let output = 0; output < this.#count; output += 1) {
      split(this.#ahead, output, BigInt(output + 1) * other);
      split(this.#passed, output, keep + BigInt(output) * other);
    }
  }

  /** How many boundaries of the input's row the word has passed: both tables are read whole, without a branch. */
  select(input: number, word: bigint): number {
    const high = Number(word >> 32n);
    const low = Number(word & 0xffff_ffffn);
    let output = 0;
    for (let index = 0; index < this.#count; index += 1) {
      // All ones where the truth is passed, all zeros where it is ahead; a mask takes the place of a branch.
      const passed = -Number(index >= input);
      const boundaryHigh = ((this.#passed[2 * index]! & passed) | (this.#ahead[2 * index]! & ~passed)) >>> 0;
      const boundaryLow = ((this.#passed[2 * index + 1]! & passed) | (this.#ahead[2 * index + 1]! & ~passed)) >>> 0;
      output += Number(high > boundaryHigh) | (Number(high === boundaryHigh) & Number(low >= boundaryLow));
    }
    return output;
  }
}

function split(halves: Uint32Array, index: number, value: bigint): void {
  halves[2 * index] = Number(value >> 32n);
  halves[2 * index + 1] = Number(value & 0xffff_ffffn);
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
  channel: Pick<RandomizedResponse, 'p' | 'q'>;
  share: number;
  respondents: number;
  population: Population;
}): number {
  if (!(share >= 0 && share <= 1)) throw new RangeError(`share must be in [0, 1], got ${share}`);
  if (!(respondents > 0)) throw new RangeError(`respondents must be > 0, got ${respondents}`);
  const { p, q } = channel;
  // One report supports the option with probability p from its holders and q from others. For these very people
  // the two Bernoulli variances add up; for people drawn anew the support is one Bernoulli variable of mean lambda.
  const lambda = share * p + (1 - share) * q;
  const perReport = population === 'fixed' ? share * p * (1 - p) + (1 - share) * q * (1 - q) : lambda * (1 - lambda);
  return perReport / (respondents * (p - q) ** 2);
}
