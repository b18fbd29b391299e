import { stepsWithoutBatches, type TrainingTask } from './training-task.ts';

/** Whose contribution a guarantee covers. */
export type PrivacyUnit = 'employee' | 'site';

/**
 * One charge for one thing sent, replace-one. `gaussian` is noise of stddev `noiseMultiplier` x sensitivity
 * on so fine a grid that it counts as continuous, and `subsampled-gaussian` is that at every one of `steps`, each with a
 * fresh sample of rows, in which each is with probability `samplingRate`; `zcdp` holds for a discrete Gaussian on any grid;
 * `pure` needs no delta.
 */
export type Charge = {
  privacyUnit: PrivacyUnit;
  loss:
    | { mechanism: 'gaussian'; noiseMultiplier: number }
    | { mechanism: 'subsampled-gaussian'; noiseMultiplier: number; samplingRate: number; steps: number }
    | { mechanism: 'zcdp'; rho: number }
    | { mechanism: 'pure'; epsilon: number };
};

/**
 * What one update costs, for each unit that has a guarantee; empty without noise.
 *
 * The clipped update, noised or randomized by PrivUnit, protects the client as one unit. At a site, an employee's row has a
 * guarantee of its own only where every local step is noised. A row takes part in each of the
 * `localEpochs` full-batch steps, which compose as one Gaussian with the multiplier over the root of
 * their number, or by chance in each step with Poisson samples; clipping and noising the update afterwards is
 * post-processing.
 */
export function updateCharges(task: TrainingTask): Charge[] {
  const { updateNoiseMultiplier, exampleNoiseMultiplier, updateMechanism } = task.privacy;
  const { exampleSamplingRate: samplingRate } = task.privacy;
  const charges: Charge[] = [];
  if (updateMechanism !== undefined) {
    // At its integer probabilities it is a little less.
    charges.push({ privacyUnit: task.clients, loss: { mechanism: 'pure', epsilon: updateMechanism.epsilon } });
  }
  if (updateNoiseMultiplier > 0) {
    charges.push({
      privacyUnit: task.clients,
      loss: { mechanism: 'gaussian', noiseMultiplier: updateNoiseMultiplier },
    });
  }
  if (exampleNoiseMultiplier > 0) {
    const steps = stepsWithoutBatches(task);
    charges.push({
      privacyUnit: 'employee',
      loss:
        samplingRate === undefined
          ? { mechanism: 'gaussian', noiseMultiplier: exampleNoiseMultiplier / Math.sqrt(steps) }
          : { mechanism: 'subsampled-gaussian', noiseMultiplier: exampleNoiseMultiplier, samplingRate, steps },
    });
  }
  return charges;
}

/**
 * What one evaluation histogram costs: one employee's row, held back from training; empty without noise.
 *
 * Counts are whole rows, a grid as coarse as the noise itself, where a continuous Gaussian's figure falls a
 * little short. Zero-concentrated privacy with rho = 1 / (2 z^2) holds exactly (Canonne, Kamath, Steinke 2020,
 * Theorem 4).
 */
export function evaluationCharges(task: TrainingTask): Charge[] {
  const { noiseMultiplier } = task.evaluation;
  const rho = 1 / (2 * noiseMultiplier ** 2);
  return noiseMultiplier > 0 ? [{ privacyUnit: 'employee', loss: { mechanism: 'zcdp', rho } }] : [];
}
