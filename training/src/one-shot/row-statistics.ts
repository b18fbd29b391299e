import { GRAM_COUNT, type OneShotRule, type TrainingTask, updateLength } from '@chorale/protocol';
import { signedRow } from './class-mean-difference.ts';
import { gramStatistics } from './gram-matrix.ts';

/**
 * The client's half of a one-shot task: what its rows add up to, in units of their bound, without noise.
 *
 * An employee counts as one row, however many there are on the device: its contribution is their mean, which no row moves
 * further than it moves itself. A site contributes the sum.
 */
export class RowStatistics {
  /** `[updateLength]`, of all rows so far. */
  readonly sum: Float64Array<ArrayBuffer>;
  readonly #rule: OneShotRule;
  readonly #task: TrainingTask;
  #rows = 0;

  /** @throws {TypeError} for a task that is not one-shot */
  constructor(task: TrainingTask) {
    if (task.algorithm?.oneShot === undefined) throw new TypeError('task must be a one-shot task');
    this.#task = task;
    this.#rule = task.algorithm.oneShot;
    this.sum = new Float64Array(updateLength(task));
  }

  get rows(): number {
    return this.#rows;
  }

  /**
   * @param row `[inputs]`
   * @param label 0 or 1
   * @throws {RangeError} for another label, and for numbers that are not finite; nothing is added then
   */
  add(row: ArrayLike<number>, label: number): void {
    const { sum } = this;
    const one = this.#statistics(row, label);
    for (let i = 0; i < one.length; i += 1) sum[i]! += one[i]!;
    if (this.#rule.rule === 'gram-matrix') sum[one.length]! += GRAM_COUNT;
    this.#rows += 1;
  }

  /**
   * What the client contributes, before it is clipped as a whole.
   * @param sum of the rows, noised or not; `[updateLength]`
   */
  contribution(sum: Float64Array): Float64Array {
    return this.#task.clients === 'site' ? sum : sum.map((value) => value / this.#rows);
  }

  #statistics(row: ArrayLike<number>, label: number): Float64Array {
    const normBound = this.#task.exampleClippingNorm;
    switch (this.#rule.rule) {
      case 'gram-matrix':
        return gramStatistics({ row, label, normBound });
      case 'class-mean-difference': {
        const { expectedShare } = this.#rule;
        return signedRow({ row, label, normBound, expectedShare }).map((value) => value / normBound);
      }
    }
  }
}
