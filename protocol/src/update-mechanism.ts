import { type PrivUnit, privUnit } from '@chorale/privacy/updates';
import type { TrainingTask } from './training-task.ts';
import { afterRounding, noisedNormBound } from './update-bounds.ts';
import { GRID_STEPS, updateLength } from './update.ts';

const known = new WeakMap<TrainingTask, PrivUnit>();

/**
 * The mechanism that randomizes the updates of a task where that is not noise, in grid steps: it takes a vector of
 * norm up to `GRID_STEPS`, and what it decodes to, rounded to whole steps, is the update. Made once a task.
 */
export function updateMechanism(task: TrainingTask): PrivUnit | null {
  const { updateMechanism: asked } = task.privacy;
  if (asked === undefined) return null;
  const made = known.get(task) ?? privUnit({ ...asked, dimension: updateLength(task), clippingNorm: GRID_STEPS });
  known.set(task, made);
  return made;
}

/** What engines that compute logarithms and roots otherwise may disagree by on the scale of a report. */
const ENGINE_SLACK = 1.01;

/**
 * Largest L2 norm, in grid steps, of an update that an honest client sends: certain for a report of PrivUnit, except
 * with probability below 1e-12 for a noised update.
 */
export function updateNormBound(task: TrainingTask): number {
  const mechanism = updateMechanism(task);
  return afterRounding(task, mechanism === null ? noisedNormBound(task) : reportNormBound(mechanism));
}

/**
 * Largest L2 norm of a report in grid steps: a candidate has norm 1, one of its coordinates is left out, it is divided
 * by the mechanism's gain, and each coordinate moves by half a step at most when it is rounded.
 */
function reportNormBound({ gain, dimension }: PrivUnit): number {
  return ENGINE_SLACK * (GRID_STEPS / gain) + Math.sqrt(dimension) / 2;
}
