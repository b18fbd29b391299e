import { ChoraleError, isNoised, type TrainingTask } from '@chorale/protocol';
import type { Study } from '../study.ts';

/**
 * The training task of a study, if this device may take part in it.
 * @throws ChoraleError `TRAINING_ABSENT`; `NOISELESS_REFUSED` for a task without noise, unless the study
 *   is simulated and the page consents.
 */
export function trainingTask({ manifest }: Study, { noiseless }: { noiseless: boolean }): TrainingTask {
  const task = manifest.training;
  if (task === undefined) throw new ChoraleError('TRAINING_ABSENT', 'this study has no training');
  if (!isNoised(task) && !(manifest.simulated && noiseless)) {
    throw new ChoraleError(
      'NOISELESS_REFUSED',
      manifest.simulated
        ? 'this study trains without noise: the page must ask for it with noiseless: true'
        : 'training without noise is for simulated studies only',
    );
  }
  return task;
}
