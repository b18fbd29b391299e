import { GRID_STEPS } from '@chorale/protocol';
import { finite, type LocalSteps, type RoundModel } from './local-steps.ts';
import type { ReleasedUpdates } from './server-rule.ts';

// FedAvg (McMahan et al. 2017, "Communication-Efficient Learning of Deep Networks from Decentralized Data").

/** Algorithm 1, ClientUpdate: plain gradient descent from the round's model; what is sent is how far it came. */
export function fedAvgSteps({ parameters }: Pick<RoundModel, 'parameters'>, learningRate: number): LocalSteps {
  // Steps smaller than the model's single precision would be lost if they were not summed in doubles.
  const weights = new Float64Array(parameters);
  return {
    weights,
    take(gradientSum, rows) {
      for (let i = 0; i < weights.length; i += 1) {
        weights[i] = finite(weights[i]! - (learningRate * finite(gradientSum[i]!)) / rows);
      }
    },
    finish: () => weights.map((weight, i) => weight - parameters[i]!),
  };
}

/** Algorithm 1, the server: the model moves by the weighted mean of the updates, or by what a robust rule made of them. */
export function averageStep(
  parameters: Float32Array,
  { sum, totalWeight }: ReleasedUpdates,
  clippingNorm: number,
): Float32Array<ArrayBuffer> {
  const { length } = parameters;
  const next = new Float32Array(length);
  const gridStep = clippingNorm / GRID_STEPS;
  // A loop: it is an order of magnitude faster than callbacks, and a large model must not hold up requests.
  for (let i = 0; i < length; i += 1) next[i] = parameters[i]! + (sum[i]! / totalWeight) * gridStep;
  return next;
}
