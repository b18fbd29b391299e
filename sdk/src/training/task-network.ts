import { layerSizes, type TrainingTask } from '@chorale/protocol';
import type { Network } from './engines/engine.ts';

/** The network that a task trains: one logistic output for its two labels. */
export function taskNetwork(task: TrainingTask): Network {
  return { layerSizes: layerSizes(task), activation: task.model.activation, loss: 'logistic' };
}
