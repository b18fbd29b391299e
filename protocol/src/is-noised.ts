import type { TrainingTask } from './training-task.ts';

/** Whether an update says no more than its charges tell: by noise of either kind, or by PrivUnit. */
export function isUpdateNoised({ privacy }: TrainingTask): boolean {
  const { updateNoiseMultiplier, exampleNoiseMultiplier, updateMechanism } = privacy;
  return updateNoiseMultiplier > 0 || exampleNoiseMultiplier > 0 || updateMechanism !== undefined;
}

/** Whether nothing that this task makes a client send is without noise. */
export function isNoised(task: TrainingTask | undefined): boolean {
  return task === undefined || (isUpdateNoised(task) && task.evaluation.noiseMultiplier > 0);
}
