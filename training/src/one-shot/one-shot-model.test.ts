import { SeededRandom } from '@chorale/privacy/testing';
import { GRAM_COUNT, GRID_STEPS, type TrainingTask, updateLength, updateNoiseStddev } from '@chorale/protocol';
import { describe, expect, it } from 'vitest';
import { madeUpRows } from '../../testing/made-up-rows.ts';
import { trainingTask } from '../../testing/training-task.ts';
import { nextModel } from '../server-rule.ts';
import { fitGram } from './gram-matrix.ts';
import { RowStatistics } from './row-statistics.ts';

const noNoise = { updateNoiseMultiplier: 0, exampleNoiseMultiplier: 0, delta: 1e-5 };
const column = (name: string) => ({ type: 'number', column: name, minimum: -1, maximum: 1 }) as const;
const rows = madeUpRows({ rows: 300, weights: [1, -2, 0.5], bias: -1, seed: 4 });

function oneShot(changes: Partial<TrainingTask> = {}): TrainingTask {
  return trainingTask({
    features: [column('a'), column('b'), column('c')],
    model: { hidden: [], activation: 'relu' },
    clippingNorm: 450,
    exampleClippingNorm: 1.8,
    privacy: noNoise,
    algorithm: { oneShot: { rule: 'gram-matrix' } },
    ...changes,
  });
}

/** The updates of clients with so many rows each, on the grid, and added up; without noise. */
function released(task: TrainingTask, sizes: readonly number[]) {
  const sum = new Float64Array(updateLength(task));
  let row = 0;
  for (const size of sizes) {
    const statistics = new RowStatistics(task);
    for (const end = row + size; row < end; row += 1) statistics.add(rows.rowAt(row), rows.labels[row]!);
    for (const [i, value] of statistics.contribution(statistics.sum).entries()) {
      sum[i]! += Math.trunc((value / task.clippingNorm) * GRID_STEPS);
    }
  }
  return { sum, totalWeight: sizes.length };
}

const before = { parameters: new Float32Array(4), optimizer: null };
const modelOf = (task: TrainingTask, sum: Float64Array, totalWeight: number): number[] =>
  Array.from(nextModel(task, before, { sum, totalWeight }).parameters);

function exact(count = rows.rows): number[] {
  const statistics = new RowStatistics(oneShot());
  for (let row = 0; row < count; row += 1) statistics.add(rows.rowAt(row), rows.labels[row]!);
  const sum = statistics.sum.subarray(0, -1);
  const { weights, bias } = fitGram({ sum, rows: count, features: 3, normBound: 1.8, noiseStddev: 0 });
  return [...weights, bias];
}

describe('[T5] the model of a Gram matrix', () => {
  it('is that of all rows in one place, however unlike the sites are in size', () => {
    const { sum, totalWeight } = released(oneShot(), [200, 1, 99]);
    const model = modelOf(oneShot(), sum, totalWeight);
    // The grid has steps of .007 where rows count one; three sites, 300 rows.
    for (const [i, value] of exact().entries()) expect(model[i]).toBeCloseTo(value, 2);
    expect(modelOf(oneShot(), sum, totalWeight)).toEqual(model);
  });

  it('of employees counts them, not what noise made of their count', () => {
    const task = oneShot({ clients: 'employee', clippingNorm: 1.5 });
    const { sum, totalWeight } = released(
      task,
      Array.from({ length: 300 }, () => 1),
    );
    const counted = modelOf(task, sum, totalWeight);
    for (const [i, value] of exact().entries()) expect(counted[i]).toBeCloseTo(value, 2);
    expect(modelOf(task, sum.with(sum.length - 1, -1e9), totalWeight)).toEqual(counted);
  });

  it('an employee counts as one, whatever the number of rows', () => {
    const task = oneShot({ clients: 'employee', clippingNorm: 1.5 });
    const one = new RowStatistics(task);
    const many = new RowStatistics(task);
    one.add(rows.rowAt(0), 1);
    for (let i = 0; i < 7; i += 1) many.add(rows.rowAt(0), 1);
    for (const [i, value] of many.contribution(many.sum).entries()) expect(value).toBeCloseTo(one.sum[i]!, 12);
    expect(one.sum.at(-1)).toBe(GRAM_COUNT);
  });

  it('is drawn together by the noise that the task says there is, of updates and of rows', () => {
    const { sum } = released(oneShot(), [100, 100, 100]);
    const length = (privacy: TrainingTask['privacy']): number =>
      Math.hypot(...modelOf(oneShot({ privacy }), sum, 3).slice(0, 3));
    const plain = length(noNoise);
    expect(length({ ...noNoise, exampleNoiseMultiplier: 10 })).toBeLessThan(plain / 1.2);
    expect(length({ ...noNoise, exampleNoiseMultiplier: 50 })).toBeLessThan(plain / 5);
    expect(length({ ...noNoise, updateNoiseMultiplier: 1 })).toBeLessThan(plain / 5);
  });

  it('is finite, bounded and the same again, whatever the noise says', () => {
    const random = new SeededRandom(7);
    for (const features of [[column('a')], oneShot().features]) {
      for (const updateNoiseMultiplier of [0, 1e-6, 1, 1000]) {
        const task = oneShot({ features, privacy: { ...noNoise, updateNoiseMultiplier } });
        const stddev = Math.max(1, updateNoiseStddev(task));
        for (let draw = 0; draw < 50; draw += 1) {
          const scale = [0, 1, stddev, 2 ** 50][draw % 4]!;
          const sum = Float64Array.from({ length: updateLength(task) }, () =>
            Math.round(scale * (random.nextUint32() / 2 ** 31 - 1)),
          );
          const model = { parameters: new Float32Array(features.length + 1), optimizer: null };
          const { parameters } = nextModel(task, model, { sum, totalWeight: 2 });
          expect(Math.hypot(...parameters)).toBeLessThanOrEqual(1e4 * (1 + 1e-6));
          expect(nextModel(task, model, { sum, totalWeight: 2 }).parameters).toEqual(parameters);
        }
      }
    }
  });

  it('one label alone and a column that never changes end in numbers, and say what they can', () => {
    const task = oneShot();
    const statistics = new RowStatistics(task);
    for (let row = 0; row < 100; row += 1) statistics.add([1, rows.rowAt(row)[1]!, rows.rowAt(row)[2]!], 1);
    const sum = statistics.sum.map((value) => Math.trunc((value / task.clippingNorm) * GRID_STEPS));
    const model = modelOf(task, sum, 1);
    expect(model.every(Number.isFinite)).toBe(true);
    // Of a hundred rows, all positive, the log odds are at least log(99).
    const logit = model[0]! + model[3]!;
    expect(logit).toBeGreaterThan(4);
  });
});

describe('[T5] the model of a class mean difference', () => {
  const task = oneShot({ algorithm: { oneShot: { rule: 'class-mean-difference' } }, clippingNorm: 300 });

  it('has its direction, and a length that spreads scores whatever the sum is', () => {
    const { sum, totalWeight } = released(task, [150, 150]);
    const model = modelOf(task, sum, totalWeight);
    expect(Math.hypot(...model)).toBeCloseTo(2 * Math.sqrt(3), 6);
    const mean = [0, 1, 2].map((i) => {
      let total = 0;
      for (let row = 0; row < rows.rows; row += 1) total += (rows.labels[row]! - 0.5) * rows.rowAt(row)[i]!;
      return total;
    });
    for (let i = 0; i < 3; i += 1) {
      expect(model[i]! / (2 * Math.sqrt(3))).toBeCloseTo(mean[i]! / Math.hypot(...mean), 2);
    }
    const logits = Array.from({ length: rows.rows }, (_, row) =>
      rows.rowAt(row).reduce((logit, x, i) => logit + x * model[i]!, 0),
    );
    const square = logits.reduce((total, logit) => total + logit ** 2, 0) / rows.rows;
    // Inputs are even over [-1, 1]: a variance of 4, whose own relative stddev over 300 rows is at most root of 2 / 300.
    expect(Math.abs(square / 4 - 1)).toBeLessThan(6.11 * Math.sqrt(2 / 300));
  });

  it('of nothing is nothing', () => {
    expect(modelOf(task, new Float64Array(3), 2)).toEqual([0, 0, 0, 0]);
  });
});

it('a sum of another length, and a task of steps, are refused', () => {
  expect(() => modelOf(oneShot(), new Float64Array(4), 1)).toThrow('sum must have 14 coordinates, got 4');
  expect(() => modelOf(oneShot(), new Float64Array(14).fill(NaN), 1)).toThrow('sum must hold only finite numbers');
  expect(() => new RowStatistics(trainingTask())).toThrow('task must be a one-shot task');
});
