import type { TrainingTask } from '@chorale/protocol';
import { fedAvgSteps } from './fed-avg.ts';
import type { ClientAlgorithm } from './local-steps.ts';

/** The client's half of a task's algorithm, without anything kept from earlier rounds. */
export function clientAlgorithm({ learningRate }: TrainingTask): ClientAlgorithm {
  return { start: (model) => fedAvgSteps(model, learningRate) };
}
