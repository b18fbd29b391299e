import type { RandomSource } from '@chorale/privacy';
import type { TrainingTask } from '@chorale/protocol';
import { updateMechanism } from '@chorale/protocol/update-mechanism';

/**
 * A clipped update as the task's mechanism reports it, in whole grid steps: a function of the report alone, which is
 * pure epsilon-private, so neither its numbers nor their rounding tell more. Its expectation is the update.
 *
 * @param update integers of L2 norm up to `GRID_STEPS`; a shorter one keeps its length by one more coordinate, which
 *   the report hides with the others
 */
export function randomizedUpdate(
  update: Int32Array,
  task: TrainingTask,
  random: RandomSource,
): Int32Array<ArrayBuffer> {
  const mechanism = updateMechanism(task);
  if (mechanism === null) throw new TypeError('the task randomizes no updates');
  const decoded = mechanism.decode(mechanism.privatize(update, random));
  // To the nearest, alike on both sides of zero.
  return Int32Array.from(decoded, (value) => Math.sign(value) * Math.round(Math.abs(value)));
}
