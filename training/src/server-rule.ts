import type { TrainingTask } from '@chorale/protocol';
import { averageStep } from './fed-avg.ts';

/** What was released of a round's updates: `sum / totalWeight` is their mean, in grid steps. */
export type ReleasedUpdates = { sum: Float64Array; totalWeight: number };

/**
 * The model after a training round, by the server's half of the task's algorithm.
 * @throws RangeError where the result is not finite in 32 bits; the old model is not touched.
 */
export function nextModel(
  task: TrainingTask,
  parameters: Float32Array,
  released: ReleasedUpdates,
): Float32Array<ArrayBuffer> {
  const { sum, totalWeight } = released;
  if (sum.length !== parameters.length) {
    throw new RangeError(`sum must have ${parameters.length} coordinates, got ${sum.length}`);
  }
  if (!(totalWeight >= 1)) throw new RangeError(`totalWeight must be >= 1, got ${totalWeight}`);
  return averageStep(parameters, released, task.clippingNorm);
}
