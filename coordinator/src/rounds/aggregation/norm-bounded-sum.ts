import type { Combination, Combined, Terms } from './combination.ts';
import { measure, type Measured } from './extent.ts';
import { freeMemory } from '../../operations/free-memory.ts';
import { WeightedSum } from './weighted-sum.ts';

/** More than rounding can add to a norm or a product of a million coordinates, relatively: see `measure`. */
const ROUNDING_MARGIN = 2 ** -32;

/**
 * The sum of vectors that are scaled down to a common norm (Sun et al. 2019, section 5), added up as they arrive:
 * twelve bytes a coordinate, however many clients.
 *
 * A vector v whose norm is above the bound B enters as trunc(v B / |v|), coordinate by coordinate: integers
 * again, so the sum is exact, and what one vector becomes depends on no other, so the order of arrival cannot
 * show. Rounding is towards zero and B / |v| is taken a little smaller, so the norm is at most B whatever the
 * rounding; a coordinate loses less than one step of the grid by it.
 */
export class NormBoundedSum implements Combination {
  readonly #bound: number;
  readonly #sum: WeightedSum;
  #scaled: Int32Array | null = null;

  /** @param options.bound in grid steps, > 0 */
  constructor({ length, bound }: { length: number; bound: number }) {
    this.#bound = bound;
    // Two vectors of the bounded norm, opposite.
    this.#sum = new WeightedSum({ length, sensitivity: 2 * bound });
  }

  add(vector: Int32Array, { weight, unit, check }: Terms): Measured {
    const measured = measure(vector);
    check(measured.norm);
    if (unit * measured.norm <= this.#bound) {
      this.#sum.addMeasured(vector, { weight, unit, norm: measured.norm });
      return measured;
    }
    const factor = (this.#bound / measured.norm) * (1 - ROUNDING_MARGIN);
    const scaled = (this.#scaled ??= new Int32Array(vector.length));
    // Storing in 32 bits rounds towards zero.
    for (let i = 0; i < vector.length; i += 1) scaled[i] = vector[i]! * factor;
    this.#sum.addMeasured(scaled, { weight, unit: 1, norm: this.#bound });
    return measured;
  }

  combine(): Promise<Combined> {
    this.#freeScaled();
    return this.#sum.combine();
  }

  dispose(): void {
    this.#freeScaled();
    this.#sum.dispose();
  }

  #freeScaled(): void {
    if (this.#scaled !== null) freeMemory(this.#scaled);
    this.#scaled = null;
  }
}
