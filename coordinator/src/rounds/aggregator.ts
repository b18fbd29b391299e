import { createHash } from 'node:crypto';
import { ChoraleError, decodeIntegers } from '@chorale/protocol';

/** Public facts about the vectors of one round. */
export type AggregatorOptions = {
  /** Integers in one vector. */
  length: number;
  /** Replace-one L2 sensitivity of one unweighted vector, before its noise. */
  sensitivity: number;
  /** Refuses a vector that no honest client would send. @throws ChoraleError */
  check: (vector: Int32Array) => void;
};

/** What may be released of a round: sums of at least a quorum, by clients that are each in it once. */
export type Aggregate = {
  /** Exact sum of weight x vector. */
  sum: Float64Array;
  totalWeight: number;
  contributions: number;
  /** Replace-one L2 sensitivity of `sum` to one client, by the largest weight in it. */
  sensitivity: number;
};

/**
 * Sums integer vectors as they arrive, so that no client's vector is kept. Every partial sum is an
 * integer below 2^53, so the sum is exact and the order of arrival cannot show in it. [R16]
 */
export class Aggregator {
  readonly #options: AggregatorOptions;
  readonly #sum: Float64Array;
  /** SHA-256 of each contribution, to know a repeated message from a second contribution. */
  readonly #digests = new Map<string, string>();
  #totalWeight = 0;
  #largestWeight = 0;
  /** No coordinate of the sum, nor of any partial sum of it, is larger in magnitude. */
  #magnitude = 0;
  #isReleased = false;

  constructor(options: AggregatorOptions) {
    this.#options = options;
    this.#sum = new Float64Array(options.length);
  }

  /**
   * Adds one participant's vector, once. A vector that is refused leaves the sum as it was.
   * @param contribution.bytes the vector as `encodeIntegers` writes it
   * @param contribution.weight public, an integer >= 1
   * @throws ChoraleError `UPDATE_DUPLICATE` for a second one; `UPDATE_SHAPE`; what `check` throws;
   *   `ROUND_CLOSED` after the release; `INTERNAL` when the sum could no longer be sure to be exact.
   */
  add({ participant, bytes, weight }: { participant: string; bytes: Uint8Array; weight: number }): void {
    if (!Number.isSafeInteger(weight) || weight < 1)
      throw new RangeError(`weight must be an integer >= 1, got ${weight}`);
    if (this.#digests.has(participant)) {
      throw new ChoraleError('UPDATE_DUPLICATE', 'another update of this client was accepted in this round');
    }
    if (this.#isReleased) throw new ChoraleError('ROUND_CLOSED', 'the round has ended');
    const vector = decodeIntegers(bytes, this.#options.length);
    this.#options.check(vector);
    const magnitude = this.#magnitude + weight * largestMagnitude(vector);
    if (magnitude > Number.MAX_SAFE_INTEGER)
      throw new ChoraleError('INTERNAL', 'the sum of this round would not be exact');
    this.#magnitude = magnitude;
    this.#totalWeight += weight;
    this.#largestWeight = Math.max(this.#largestWeight, weight);
    for (let i = 0; i < vector.length; i += 1) this.#sum[i]! += weight * vector[i]!;
    this.#digests.set(participant, digestOf(bytes));
  }

  /** Whether the sum holds this participant's vector, and it was these very bytes. */
  holds(participant: string, bytes: Uint8Array): boolean {
    const known = this.#digests.get(participant);
    return known !== undefined && known === digestOf(bytes);
  }

  get contributions(): number {
    return this.#digests.size;
  }

  /**
   * Gives the sum away; nothing can be added or released afterwards.
   * @throws ChoraleError `INTERNAL` below the quorum or when called again: one aggregate, once. [R7]
   */
  release({ quorum }: { quorum: number }): Aggregate {
    if (this.#isReleased) throw new ChoraleError('INTERNAL', 'a round is released once');
    if (this.#digests.size < Math.max(1, quorum)) {
      throw new ChoraleError('INTERNAL', `quorum of ${quorum} not reached: ${this.#digests.size} contributions`);
    }
    this.#isReleased = true;
    return {
      sum: this.#sum,
      totalWeight: this.#totalWeight,
      contributions: this.#digests.size,
      sensitivity: this.#largestWeight * this.#options.sensitivity,
    };
  }
}

function largestMagnitude(vector: Int32Array): number {
  let largest = 0;
  for (const value of vector) largest = Math.max(largest, Math.abs(value));
  return largest;
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64');
}
