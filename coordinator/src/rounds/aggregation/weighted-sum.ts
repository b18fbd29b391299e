import { ChoraleError } from '@chorale/protocol';
import type { Combination, Combined } from './combination.ts';
import type { Extent } from './extent.ts';

export type WeightedSumOptions = {
  /** Integers in one vector. */
  length: number;
  /** Replace-one L2 sensitivity of one unweighted vector, before its noise. */
  sensitivity: number;
};

/**
 * The sum of weight x vector, added up as the vectors arrive: eight bytes a coordinate, however many clients.
 * Every partial sum is an integer below 2^53, so the sum is exact and the order of arrival cannot show in it. [R16]
 */
export class WeightedSum implements Combination {
  readonly #sensitivity: number;
  #sum: Float64Array;
  #totalWeight = 0;
  #largestWeight = 0;
  /** No coordinate of the sum, nor of any partial sum of it, is larger in magnitude. */
  #magnitude = 0;

  constructor({ length, sensitivity }: WeightedSumOptions) {
    this.#sensitivity = sensitivity;
    this.#sum = new Float64Array(length);
  }

  add(vector: Int32Array, { weight, extent }: { weight: number; extent: Extent }): void {
    const magnitude = this.#magnitude + weight * Math.max(-extent.least, extent.greatest);
    if (magnitude > Number.MAX_SAFE_INTEGER) {
      throw new ChoraleError('INTERNAL', 'the sum of this round would not be exact');
    }
    this.#magnitude = magnitude;
    this.#totalWeight += weight;
    this.#largestWeight = Math.max(this.#largestWeight, weight);
    const sum = this.#sum;
    for (let i = 0; i < vector.length; i += 1) sum[i]! += weight * vector[i]!;
  }

  combine(): Promise<Combined> {
    const combined = {
      sum: this.#sum,
      totalWeight: this.#totalWeight,
      sensitivity: this.#largestWeight * this.#sensitivity,
    };
    this.dispose();
    return Promise.resolve(combined);
  }

  dispose(): void {
    this.#sum = new Float64Array();
  }
}
