import { ChoraleError, LARGEST_EXACT_SUM } from '@chorale/protocol';
import type { Combination, Combined, Terms } from './combination.ts';
import { measure, type Measured, measureAndAdd } from './extent.ts';
import { freeMemory } from '../../operations/free-memory.ts';

/** No coordinate of any vector is larger in magnitude, in grid steps. */
const LARGEST_COORDINATE = 2 ** 31;

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
  /** Sum of weight x norm in grid steps: no coordinate of the sum, nor of any partial sum of it, is larger in magnitude. */
  #magnitude = 0;

  constructor({ length, sensitivity }: WeightedSumOptions) {
    this.#sensitivity = sensitivity;
    this.#sum = new Float64Array(length);
  }

  add(vector: Int32Array, { weight, unit, check }: Terms): Measured {
    const isExact = this.#magnitude + weight * LARGEST_COORDINATE <= LARGEST_EXACT_SUM;
    const factor = weight * unit;
    // A large vector takes twice as long to read twice, so it is added first. A sum that is exact whatever the
    // vector holds is as before once a refused one is subtracted.
    const measured = isExact ? measureAndAdd(vector, { sum: this.#sum, factor }) : measure(vector);
    try {
      check(measured.norm);
    } catch (refusal) {
      if (isExact) addTo(this.#sum, vector, -factor);
      throw refusal;
    }
    if (isExact) this.#count(weight, unit * measured.norm);
    else this.addMeasured(vector, { weight, unit, norm: measured.norm });
    return measured;
  }

  /** Takes in a vector that was checked already, of this norm in multiples, as `add` does. */
  addMeasured(vector: Int32Array, { weight, unit, norm }: Omit<Terms, 'check'> & { norm: number }): void {
    if (this.#magnitude + weight * unit * norm > LARGEST_EXACT_SUM) {
      throw new ChoraleError('INTERNAL', 'the sum of this round would not be exact');
    }
    addTo(this.#sum, vector, weight * unit);
    this.#count(weight, unit * norm);
  }

  combine(): Promise<Combined> {
    const combined = {
      sum: this.#sum,
      totalWeight: this.#totalWeight,
      sensitivity: this.#largestWeight * this.#sensitivity,
    };
    this.#sum = new Float64Array();
    return Promise.resolve(combined);
  }

  dispose(): void {
    freeMemory(this.#sum);
  }

  #count(weight: number, norm: number): void {
    this.#magnitude += weight * norm;
    this.#totalWeight += weight;
    this.#largestWeight = Math.max(this.#largestWeight, weight);
  }
}

function addTo(sum: Float64Array, vector: Int32Array, factor: number): void {
  for (let i = 0; i < vector.length; i += 1) sum[i]! += factor * vector[i]!;
}
