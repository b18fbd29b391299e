import { layerSizes, type TrainingTask } from '@chorale/protocol';
import type { Loss, Network } from './engines/engine.ts';

/** The network that a task trains, with what its label makes small. */
export function taskNetwork(task: TrainingTask): Network {
  return { layerSizes: layerSizes(task), activation: task.model.activation, loss: lossOf(task) };
}

function lossOf({ label }: TrainingTask): Loss {
  switch (label.type) {
    case undefined:
    case 'binary':
      return 'logistic';
    case 'category':
      return 'softmax';
    case 'number':
      return 'squared';
  }
}
