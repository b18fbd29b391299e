import type { TrainingTask } from '@chorale/protocol';
import { expect, test } from 'vitest';
import { areaUnderCurve } from './area-under-curve.ts';
import { attritionTask } from './attrition-task.ts';
import { logits, trainCentrally } from './central-model.ts';
import { problem } from './engine-contract.ts';
import { referenceClippedGradientSum } from './reference.ts';

const task: TrainingTask = {
  ...attritionTask,
  features: Array.from({ length: 11 }, (_, i) => ({ type: 'number', column: `x${i}`, minimum: -1, maximum: 1 })),
};

test('at the optimum the gradient is the ridge alone', () => {
  const network = { layerSizes: [11, 1], activation: 'relu', loss: 'logistic' } as const;
  const { batch } = problem(network, 200);
  const weights = trainCentrally({ task, records: batch, ridge: 1e-6 });
  const { gradientSum } = referenceClippedGradientSum(network, weights, batch, Infinity);
  for (const [i, gradient] of gradientSum.entries())
    expect(Math.abs(gradient / 200 + 1e-6 * weights[i]!)).toBeLessThan(1e-9);
});

test('one feature that does not matter leaves the log-odds of the labels', () => {
  const one: TrainingTask = { ...task, features: [{ type: 'number', column: 'x', minimum: -1, maximum: 1 }] };
  const records = {
    inputs: Float32Array.from([1, -1, 1, -1, 1, -1, 1, -1]),
    labels: Uint8Array.from([1, 1, 1, 1, 1, 1, 0, 0]),
    rows: 8,
  };
  const [weight, bias] = trainCentrally({ task: one, records, ridge: 1e-12 });
  expect(weight).toBeCloseTo(0, 6);
  expect(bias).toBeCloseTo(Math.log(3), 6);
  expect(logits([2, 1], records)[0]).toBe(3);
});

test.each([
  [[0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], 0.75],
  [[1, 2, 3], [0, 0, 1], 1],
  [[3, 2, 1], [0, 0, 1], 0],
  [[0.5, 0.5, 0.5, 0.5], [0, 1, 0, 1], 0.5],
  [[0.1, 0.5, 0.5, 0.9], [0, 1, 0, 1], 0.875],
])('the area under the curve of %j for %j is %d', (scores, labels, area) => {
  expect(areaUnderCurve(scores, labels)).toBe(area);
});

test('without both labels there is no area', () => {
  expect(areaUnderCurve([1, 2], [1, 1])).toBeNaN();
});
