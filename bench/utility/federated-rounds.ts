import { featureInputs, type TrainingTask } from '@chorale/protocol';
import { seededRandom } from '@chorale/privacy/testing';
import type { LinearModel } from '@chorale/training/one-shot';
import type { Batch } from '../../sdk/src/training/engines/engine.ts';
import { gatherRows } from '../../sdk/src/training/holdout.ts';
import { simulateRounds } from '../../sdk/src/training/testing/simulated-rounds.ts';

/** The demo study's rounds without noise, a site for each department with its headcount as its weight. */
export async function federatedRounds(task: TrainingTask, training: Batch): Promise<LinearModel> {
  const width = training.inputs.length / training.rows;
  const { offset, size } = departmentInputs(task);
  const positions = [...Array(training.rows).keys()];
  const sites = Array.from({ length: size }, (_, department) => {
    const chosen = positions.filter((row) => training.inputs[row * width + offset + department] === 1);
    const own = gatherRows(training, chosen);
    return { weight: own.rows, records: { ...own, labels: Uint8Array.from(own.labels), warnings: [] } };
  }).filter(({ weight }) => weight > 0);
  // Nothing is held back here: other rows tell how good the model is.
  const all = { ...task, evaluation: { ...task.evaluation, holdout: 0 } };
  const { parameters } = await simulateRounds({ task: all, sites, random: seededRandom(1) });
  return { weights: Float64Array.from(parameters.subarray(0, width)), bias: parameters[width]! };
}

function departmentInputs(task: TrainingTask): { offset: number; size: number } {
  let offset = 0;
  for (const feature of task.features) {
    const size = featureInputs(feature);
    if (feature.column === 'Department') return { offset, size };
    offset += size;
  }
  throw new TypeError('the task must have a column Department');
}
