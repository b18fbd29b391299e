import { expect, test } from 'vitest';
import { engineContract, problem } from '../testing/engine-contract.ts';
import { referenceClippedGradientSum, referenceLoss } from '../testing/reference.ts';
import type { Network } from './engine.ts';
import { TypedArrayEngine } from './typed-array-engine.ts';

for (const { name, run } of engineContract) {
  test(`typed arrays: ${name}`, () => run(async (network) => new TypedArrayEngine(network)));
}

test.each<Network>([
  { layerSizes: [11, 1], activation: 'relu', loss: 'logistic' },
  { layerSizes: [11, 5, 1], activation: 'relu', loss: 'squared' },
  { layerSizes: [11, 7, 3, 1], activation: 'tanh', loss: 'logistic' },
  { layerSizes: [11, 5, 3], activation: 'tanh', loss: 'softmax' },
])('the reference gradient of $layerSizes, $loss, is the slope of the loss', (network) => {
  const { parameters, batch } = problem(network, 33);
  const { gradientSum } = referenceClippedGradientSum(network, parameters, batch, Infinity);
  // Central differences err by step^2 times the third derivative, and by rounding over the step.
  const step = 1e-5;
  for (const [i, gradient] of gradientSum.entries()) {
    const shifted = (by: number): number[] => Array.from(parameters, (p, j) => (i === j ? p + by : p));
    const slope =
      (referenceLoss(network, shifted(step), batch) - referenceLoss(network, shifted(-step), batch)) / (2 * step);
    expect(Math.abs(slope - gradient)).toBeLessThan(1e-6);
  }
});
