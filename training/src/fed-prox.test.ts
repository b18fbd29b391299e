import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { trainingTask } from '../testing/training-task.ts';
import { clientAlgorithm } from './index.ts';

const learningRate = 0.25;
const start = (proximalWeight: number, parameters: number[]) =>
  clientAlgorithm({
    ...trainingTask({ learningRate }),
    algorithm: { client: { rule: 'fed-prox', proximalWeight } },
  }).start({ parameters: Float32Array.from(parameters), modelRound: 0 });

describe('[T2] local steps of FedProx', () => {
  test('have no proximal term at the round’s model, and one in proportion to the distance from it', () => {
    const local = start(2, [1, -2]);
    local.take([4, 8], 4);
    // As FedAvg: 1 - .25 x 1, -2 - .25 x 2.
    expect([...local.weights]).toEqual([0.75, -2.5]);
    local.take([4, 8], 4);
    // .75 - .25 x (1 + 2 x -.25), -2.5 - .25 x (2 + 2 x -.5)
    expect([...local.weights]).toEqual([0.625, -2.75]);
    expect([...local.finish()]).toEqual([-0.375, -0.75]);
  });

  test('of a constant gradient come to rest at gradient / proximalWeight from the round’s model', () => {
    const gradients = fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(gradients, fc.double({ min: 0.05, max: 4, noNaN: true }), (gradient, proximalWeight) => {
        const local = start(
          proximalWeight,
          gradient.map((_, i) => i - 2),
        );
        for (let step = 0; step < 4000; step += 1) local.take(gradient, 1);
        for (const [i, moved] of local.finish().entries()) {
          expect(moved).toBeCloseTo(-gradient[i]! / proximalWeight, 9);
        }
      }),
      { numRuns: 20 },
    );
  });

  test('stay finite whatever the gradients are', () => {
    const local = start(1, [0, 0, 0]);
    for (let step = 0; step < 3; step += 1) local.take([Infinity, -Infinity, NaN], 1);
    expect([...local.finish()].every(Number.isFinite)).toBe(true);
  });
});
