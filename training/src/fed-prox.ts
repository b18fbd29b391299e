import { finite, type LocalSteps, type RoundModel } from './local-steps.ts';

/**
 * FedProx (Li et al. 2020, "Federated Optimization in Heterogeneous Networks", Algorithm 2): FedAvg on a loss with
 * half the squared distance to the round's model in it (equation 2), so that unlike clients do not drift apart. The
 * server's half is FedAvg's.
 *
 * What is charged is what FedAvg is charged. The gradient of the distance is of the round's model, which is public, and
 * of the weights, which the rows have changed through earlier gradients only: where those were noised, it is made of
 * noised things alone. The whole update is clipped and noised afterwards, whatever it is made of.
 *
 * @param options.proximalWeight > 0; with a learning rate up to its inverse no step goes past the round's model
 */
export function fedProxSteps(
  { parameters }: Pick<RoundModel, 'parameters'>,
  { learningRate, proximalWeight }: { learningRate: number; proximalWeight: number },
): LocalSteps {
  const weights = new Float64Array(parameters);
  return {
    weights,
    take(gradientSum, rows) {
      for (let i = 0; i < weights.length; i += 1) {
        const weight = weights[i]!;
        const gradient = finite(gradientSum[i]!) / rows + proximalWeight * (weight - parameters[i]!);
        weights[i] = finite(weight - learningRate * gradient);
      }
    },
    finish: () => weights.map((weight, i) => weight - parameters[i]!),
  };
}
