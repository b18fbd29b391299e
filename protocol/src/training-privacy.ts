import type { TrainingTask } from './training-task.ts';

/** Whose contribution a guarantee covers. */
export type PrivacyUnit = 'employee' | 'site';

/** One charge for one thing sent, replace-one: Gaussian noise of stddev `noiseMultiplier` x sensitivity. */
export type GaussianCharge = { privacyUnit: PrivacyUnit; noiseMultiplier: number };

/**
 * What one update costs, for each unit that has a guarantee; empty without noise.
 *
 * The clipped and noised update protects the client as one unit. At a site, an employee's row has a
 * guarantee of its own only where every local step is noised. A row takes part in each of the
 * `localEpochs` full-batch steps, which compose as one Gaussian with the multiplier over the root of
 * their number; clipping and noising the update afterwards is post-processing.
 */
export function updateCharges(task: TrainingTask): GaussianCharge[] {
  const { updateNoiseMultiplier, exampleNoiseMultiplier } = task.privacy;
  const charges: GaussianCharge[] = [];
  if (updateNoiseMultiplier > 0) charges.push({ privacyUnit: task.clients, noiseMultiplier: updateNoiseMultiplier });
  if (exampleNoiseMultiplier > 0) {
    charges.push({ privacyUnit: 'employee', noiseMultiplier: exampleNoiseMultiplier / Math.sqrt(task.localEpochs) });
  }
  return charges;
}

/**
 * What one evaluation histogram costs: one employee's row, held back from training; empty without noise.
 */
export function evaluationCharges(task: TrainingTask): GaussianCharge[] {
  const { noiseMultiplier } = task.evaluation;
  return noiseMultiplier > 0 ? [{ privacyUnit: 'employee', noiseMultiplier }] : [];
}
