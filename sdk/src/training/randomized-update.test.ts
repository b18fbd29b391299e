import { seededRandom } from '@chorale/privacy/testing';
import { GRID_STEPS, parameterCount, type TrainingTask, updateFormat } from '@chorale/protocol';
import { updateMechanism, updateNormBound } from '@chorale/protocol/update-mechanism';
import { describe, expect, test } from 'vitest';
import { quantizeUpdate, roundToFormat } from './quantized-update.ts';
import { randomizedUpdate } from './randomized-update.ts';
import { attritionTask } from './testing/attrition-task.ts';

/** A task of so many parameters, whose updates PrivUnit reports at this epsilon. */
function taskOf(parameters: number, epsilon: number, bitsPerParameter: 8 | 16 | 32 = 32): TrainingTask {
  return {
    ...attritionTask,
    clients: 'employee',
    model: { hidden: [], activation: 'relu' },
    features: Array.from({ length: parameters - 1 }, (_, i) => ({
      type: 'number',
      column: `${i}`,
      minimum: 0,
      maximum: 1,
    })),
    bitsPerParameter,
    privacy: {
      updateNoiseMultiplier: 0,
      exampleNoiseMultiplier: 0,
      updateMechanism: { mechanism: 'priv-unit', epsilon },
      delta: 1e-6,
    },
  };
}

/** A vector of norm `length` x `GRID_STEPS` that is not the same in any two directions. */
function updateOf(parameters: number, length: number): Int32Array<ArrayBuffer> {
  const delta = Float64Array.from({ length: parameters }, (_, i) => (i % 2 === 0 ? 1 : -1) * (i + 1));
  const norm = Math.hypot(...delta);
  return quantizeUpdate(
    delta.map((value) => (value / norm) * length),
    1,
  );
}

// A mean is further off than so many standard errors once in 1e9.
const z = 6.11;

describe('an update that PrivUnit reports', () => {
  test.each([
    { parameters: 5, epsilon: 4, length: 1, bits: 32, n: 3000 },
    { parameters: 5, epsilon: 4, length: 0.4, bits: 32, n: 3000 },
    { parameters: 5, epsilon: 4, length: 1, bits: 8, n: 3000 },
    { parameters: 12, epsilon: 8, length: 1, bits: 16, n: 2000 },
    { parameters: 3, epsilon: 2, length: 1, bits: 32, n: 8000 },
    { parameters: 3, epsilon: 1, length: 0, bits: 32, n: 3000 },
  ] as const)('[B9] is unbiased within its stated error: %j', ({ parameters, epsilon, length, bits, n }) => {
    const task = taskOf(parameters, epsilon, bits);
    const update = updateOf(parameters, length);
    const random = seededRandom(parameters + 10 * epsilon);
    const format = updateFormat(task);
    const { squaredError } = updateMechanism(task)!;
    const bound = updateNormBound(task);
    const sums = new Float64Array(parameters);
    const squares = new Float64Array(parameters);
    let along = 0;
    let alongSquares = 0;
    for (let i = 0; i < n; i += 1) {
      const report = roundToFormat(randomizedUpdate(update, task, random), format, random);
      let inner = 0;
      for (const [k, value] of report.entries()) {
        sums[k]! += value;
        squares[k]! += (value - update[k]!) ** 2;
        inner += value * update[k]!;
      }
      along += inner;
      alongSquares += inner ** 2;
      expect(Math.hypot(...report)).toBeLessThanOrEqual(bound);
    }
    // A mean of n has the standard error of one over the root of n; quantized candidates add 2e-4 of the norm at most.
    for (const [k, sum] of sums.entries()) {
      const error = Math.sqrt(squares[k]! / n);
      expect(Math.abs(sum / n - update[k]!)).toBeLessThan((z * error) / Math.sqrt(n) + 2e-4 * GRID_STEPS + 1);
    }
    // The stated error is that of the worst length; a norm of one or nothing may have less. The mean of squares of
    // bounded vectors lies within a few percent of its expectation. Rounding to 8 bits adds a little.
    const measured = squares.reduce((sum, value) => sum + value, 0) / n;
    expect(measured / squaredError).toBeLessThan(1.05);
    expect(measured / squaredError).toBeGreaterThan(0.75);
    if (length === 0) return;
    // Power: along the update itself, a scale that is wrong by a tenth would stand out.
    const norm = Math.hypot(...update);
    const error = Math.sqrt(alongSquares / n - (along / n) ** 2) / norm / Math.sqrt(n);
    expect(Math.abs(along / n / norm - norm)).toBeLessThan(z * error + 2e-4 * GRID_STEPS + 1);
    if (length === 1) expect(0.1 * norm).toBeGreaterThan(z * error);
  });

  test('[B9] is one of a public list that does not depend on it', () => {
    const task = taskOf(4, 2);
    const mechanism = updateMechanism(task)!;
    const outputs = [updateOf(4, 1), updateOf(4, 0.2), updateOf(4, 1).map((value) => -value)].map((update) => {
      const random = seededRandom(7);
      return [...randomizedUpdate(update, task, random)];
    });
    // The seed is drawn first, whatever the update.
    const seeds = seededRandom(7);
    const seed = Uint32Array.from({ length: 4 }, () => seeds.nextUint32());
    const list = Array.from({ length: mechanism.candidates }, (_, index) =>
      Array.from(mechanism.decode({ seed, index }), (value) => Math.sign(value) * Math.round(Math.abs(value))).join(),
    );
    for (const output of outputs) expect(list).toContain(output.join());
    expect(parameterCount(task)).toBe(4);
  });
});
