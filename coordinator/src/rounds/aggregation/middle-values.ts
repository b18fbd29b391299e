import { ChoraleError, UPDATE_SENSITIVITY } from '@chorale/protocol';
import type { Combination, Combined, Terms } from './combination.ts';
import { freeMemory } from '../../operations/free-memory.ts';
import { measure, type Measured } from './extent.ts';
import { middleSum } from './middle-sum.ts';
import { middleSumInThread } from './middle-sum-thread.ts';

/** Values that are sorted on the thread of requests, in a few milliseconds; starting a thread takes as long. */
const INLINE_VALUES = 2 ** 17;

export type MiddleValuesOptions = {
  /** Most vectors that are taken in. */
  capacity: number;
  /** How many are left out at each end, of a count of vectors. */
  omitted: (count: number) => number;
};

/**
 * The sum of the middle values, coordinate by coordinate: of the middle one or two for a median, of all but the
 * outermost for a trimmed mean. What one client sends, however large, moves it no further than the values of the
 * others beside it.
 *
 * It needs all vectors at once: vectors x coordinates x 4 bytes until they are combined, and 8 bytes a coordinate
 * for the result. A manifest that needs more than `limits.heldUpdateBytes` is refused.
 */
export class MiddleValues implements Combination {
  readonly #options: MiddleValuesOptions;
  readonly #disposal = new AbortController();
  #vectors: Int32Array<ArrayBuffer>[] = [];

  constructor(options: MiddleValuesOptions) {
    this.#options = options;
  }

  add(vector: Int32Array, { unit, check }: Omit<Terms, 'weight'>): Measured {
    const measured = measure(vector);
    check(measured.norm);
    if (this.#vectors.length >= this.#options.capacity) {
      throw new ChoraleError('ROUND_CLOSED', 'the round has as many updates as it wants');
    }
    const steps = new Int32Array(vector);
    if (unit > 1) for (let i = 0; i < steps.length; i += 1) steps[i] = Math.imul(steps[i]!, unit);
    this.#vectors.push(steps);
    return measured;
  }

  async combine(): Promise<Combined> {
    const vectors = this.#vectors;
    this.#vectors = [];
    const omitted = this.#options.omitted(vectors.length);
    const totalWeight = vectors.length - 2 * omitted;
    const isSmall = vectors.length * vectors[0]!.length <= INLINE_VALUES;
    const sum = isSmall
      ? middleSum(vectors, omitted)
      : await middleSumInThread({ vectors, omitted }, this.#disposal.signal);
    // When one value moves by t, every place in the sorted order moves the same way, and all of them together by
    // t: so a sum over any places moves by at most t, and `sum` by at most what the client's update moves.
    return { sum, totalWeight, sensitivity: UPDATE_SENSITIVITY };
  }

  dispose(): void {
    this.#disposal.abort();
    this.#vectors.forEach(freeMemory);
    this.#vectors = [];
  }
}

/** Leaves one middle value of an odd count, two of an even one: their sum over 1 or 2 is the median. */
export function allButTheMedian(count: number): number {
  return Math.ceil(count / 2) - 1;
}

/** The least whole number that is at least `share` of the count, as long as one or two values stay. */
export function trimmed(share: number, count: number): number {
  // A product such as 0.07 x 100 may exceed its whole number by rounding.
  return Math.min(Math.ceil(share * count - 1e-9), allButTheMedian(count));
}
