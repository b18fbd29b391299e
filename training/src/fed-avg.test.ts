import { GRID_STEPS } from '@chorale/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { trainingTask } from '../testing/training-task.ts';
import { clientAlgorithm, nextModel } from './index.ts';

const task = { ...trainingTask(), learningRate: 0.5, clippingNorm: 2 };
const start = (parameters: number[]) =>
  clientAlgorithm(task).start({ parameters: Float32Array.from(parameters), modelRound: 0 });

describe('[T1] local steps of FedAvg', () => {
  test('go down the mean gradient, and what is sent is how far they came', () => {
    const local = start([1, -2]);
    local.take([4, 8], 4);
    expect([...local.weights]).toEqual([0.5, -3]);
    local.take([-2, 1], 2);
    expect([...local.weights]).toEqual([1, -3.25]);
    expect([...local.finish()]).toEqual([0, -1.25]);
  });

  test('stay finite whatever the gradients are', () => {
    const local = start([0, 0, 0]);
    local.take([Infinity, -Infinity, NaN], 1);
    local.take([1e308, 1e308, 1e308], 1);
    expect([...local.finish()].every(Number.isFinite)).toBe(true);
  });
});

function next(
  parameters: Float32Array<ArrayBuffer>,
  sum: Float64Array,
  totalWeight: number,
  clippingNorm = 2,
): Float32Array {
  return nextModel({ ...task, clippingNorm }, { parameters, optimizer: null }, { sum, totalWeight }).parameters;
}

describe('[T1] the model after a round', () => {
  test('is the one before plus the weighted mean of the updates, scaled from the grid', () => {
    const old = Float32Array.of(1, -2, 0.5);
    expect(next(old, Float64Array.of(GRID_STEPS * 3, -GRID_STEPS, 0), 4)).toEqual(Float32Array.of(2.5, -2.5, 0.5));
    expect(old).toEqual(Float32Array.of(1, -2, 0.5));
  });

  test('is that of one site where all sites contribute the same', () => {
    const updates = fc.array(fc.integer({ min: -GRID_STEPS, max: GRID_STEPS }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(updates, fc.integer({ min: 1, max: 50 }), (update, weight) => {
        const old = Float32Array.from(update, (_, i) => i / 4);
        const weighted = Float64Array.from(update, (value) => value * weight);
        expect(next(old, weighted, weight)).toEqual(next(old, Float64Array.from(update), 1));
      }),
    );
  });

  test('is never one that is not finite', () => {
    const sum = Float64Array.of(2 ** 52);
    expect(() => next(Float32Array.of(0), sum, 1, 1e38)).toThrow('finite');
    expect(() => next(Float32Array.of(0, 0), Float64Array.of(2 ** 52, -(2 ** 52)), 1, 1e38)).toThrow('finite');
    expect(() => next(Float32Array.of(0), sum, 0)).toThrow('totalWeight');
    expect(() => next(Float32Array.of(0), Float64Array.of(NaN), 1)).toThrow('finite');
    expect(() => next(Float32Array.of(0, 0), sum, 1)).toThrow('2 coordinates');
  });
});
