import { stepsWithoutBatches, type TrainingTask } from '@chorale/protocol';
import { fedAvgSteps } from './fed-avg.ts';
import { fedProxSteps } from './fed-prox.ts';
import type { ClientAlgorithm } from './local-steps.ts';
import { scaffold } from './scaffold.ts';

/** The client's half of a task's algorithm, with nothing kept from earlier rounds. */
export function clientAlgorithm(task: TrainingTask): ClientAlgorithm {
  const { algorithm, learningRate } = task;
  const client = algorithm?.client ?? { rule: 'fed-avg' };
  switch (client.rule) {
    case 'fed-avg':
      return { start: (model) => fedAvgSteps(model, learningRate), keep() {} };
    case 'fed-prox': {
      const { proximalWeight } = client;
      return { start: (model) => fedProxSteps(model, { learningRate, proximalWeight }), keep() {} };
    }
    case 'scaffold':
      // Its steps have no batch size.
      return scaffold({ learningRate, localSteps: stepsWithoutBatches(task) });
  }
}
