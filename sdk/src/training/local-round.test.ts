import { seededRandom } from '@chorale/privacy/testing';
import { GRID_STEPS, inputSize, parameterCount, type TrainingTask, updateNormBound } from '@chorale/protocol';
import { expect, test } from 'vitest';
import type { TrainingEngine } from './engines/engine.ts';
import { TypedArrayEngine } from './engines/typed-array-engine.ts';
import { localRound } from './local-round.ts';
import { taskNetwork } from './task-network.ts';
import { attritionTask } from './testing/attrition-task.ts';
import { problem } from './testing/engine-contract.ts';
import { referenceClippedGradientSum } from './testing/reference.ts';

const noNoise = { updateNoiseMultiplier: 0, exampleNoiseMultiplier: 0, delta: 1e-5 };
const task: TrainingTask = {
  ...attritionTask,
  model: { hidden: [4], activation: 'tanh' },
  localEpochs: 3,
  batchSize: null,
  learningRate: 0.5,
  clippingNorm: 2,
  exampleClippingNorm: 1,
  privacy: noNoise,
};
const network = taskNetwork(task);
const { parameters, batch: training } = problem(network, 40);
const common = { engine: new TypedArrayEngine(network), training, parameters, noiseless: true };

function norm(values: ArrayLike<number>): number {
  return Math.hypot(...Array.from(values));
}

test('full-batch steps follow the mean of the clipped gradients', async () => {
  const weights = Array.from(parameters);
  for (let step = 0; step < 3; step += 1) {
    const { gradientSum } = referenceClippedGradientSum(network, Float32Array.from(weights), training, 1);
    for (const [i, gradient] of gradientSum.entries()) weights[i]! -= (0.5 * gradient) / 40;
  }
  const update = await localRound({ ...common, task });
  for (const [i, weight] of weights.entries()) {
    expect(Math.abs(update[i]! - ((weight - parameters[i]!) / 2) * GRID_STEPS)).toBeLessThan(2);
  }
});

test('batches hold every row once an epoch, in another order each', async () => {
  const seen: string[][] = [];
  const recording: TrainingEngine = {
    name: 'typed-arrays',
    clippedGradientSum(p, batch, bound) {
      const width = inputSize(task);
      seen.push(
        Array.from({ length: batch.rows }, (_, row) => batch.inputs.slice(row * width, (row + 1) * width).join()),
      );
      return common.engine.clippedGradientSum(p, batch, bound);
    },
    loss: (p, batch) => common.engine.loss(p, batch),
    scores: (p, batch) => common.engine.scores(p, batch),
    dispose() {},
  };
  await localRound({ ...common, engine: recording, task: { ...task, batchSize: 16 }, random: seededRandom(1) });
  expect(seen.map((rows) => rows.length)).toEqual([16, 16, 8, 16, 16, 8, 16, 16, 8]);
  const epochs = [0, 3, 6].map((start) => seen.slice(start, start + 3).flat());
  const width = inputSize(task);
  const all = Array.from({ length: 40 }, (_, row) => training.inputs.slice(row * width, (row + 1) * width).join());
  for (const epoch of epochs) expect(epoch.toSorted()).toEqual(all.toSorted());
  expect(new Set([all, ...epochs].map((order) => order.join(';'))).size).toBe(4);
});

test('an update that wants to be long has exactly the clipping norm', async () => {
  const update = await localRound({ ...common, task: { ...task, learningRate: 1000 } });
  expect(norm(update)).toBeLessThanOrEqual(GRID_STEPS);
  expect(norm(update)).toBeGreaterThan(GRID_STEPS - 10);
});

test('a noised update stays within the bound that the coordinator checks, and hides the same one without noise', async () => {
  const noised = { ...task, privacy: { ...noNoise, updateNoiseMultiplier: 1.5 } };
  const update = await localRound({ ...common, task: noised, noiseless: false, random: seededRandom(3) });
  expect(norm(update)).toBeLessThanOrEqual(updateNormBound(noised));
  const plain = await localRound({ ...common, task });
  const noise = update.map((value, i) => value - plain[i]!);
  // As many draws as parameters: the variance's relative standard error is sqrt(2/n); z = 6.11.
  const count = parameterCount(task);
  expect(Math.abs(norm(noise) ** 2 / count / (1.5 * 2 * GRID_STEPS) ** 2 - 1)).toBeLessThan(
    6.11 * Math.sqrt(2 / count),
  );
});

test('noise at every step leaves noise in the model, and needs no consent', async () => {
  const noised = { ...task, clippingNorm: 1000, privacy: { ...noNoise, exampleNoiseMultiplier: 5 } };
  const update = await localRound({ ...common, task: noised, noiseless: false, random: seededRandom(4) });
  const plain = await localRound({ ...common, task: { ...task, clippingNorm: 1000 } });
  const noise = Array.from(update, (value, i) => ((value - plain[i]!) / GRID_STEPS) * 1000);
  // Three steps of learning rate / rows x 5 x 2c, their curvature aside: within a third of that.
  const expected = (0.5 / 40) * 5 * 2 * Math.sqrt(3);
  const actual = norm(noise) / Math.sqrt(parameterCount(task));
  expect(actual / expected).toBeGreaterThan(2 / 3);
  expect(actual / expected).toBeLessThan(4 / 3);
});

test('without noise and without consent nothing is computed', async () => {
  await expect(localRound({ ...common, task, noiseless: false })).rejects.toMatchObject({ code: 'NOISELESS_REFUSED' });
});

test.each([NaN, Infinity])('a model with %s is refused', async (value) => {
  await expect(localRound({ ...common, task, parameters: parameters.with(3, value) })).rejects.toMatchObject({
    code: 'TRAINING_DATA_INVALID',
  });
});

test('training that diverges gives a bounded update all the same: a refusal would tell of the rows', async () => {
  const update = await localRound({ ...common, task: { ...task, learningRate: 1e300 } });
  const squares = update.reduce((sum, value) => sum + value * value, 0);
  expect(squares).toBeGreaterThan(0);
  expect(squares).toBeLessThanOrEqual(GRID_STEPS ** 2);
});

test('a client without rows is refused', async () => {
  const nothing = { inputs: new Float32Array(0), labels: new Uint8Array(0), rows: 0 };
  await expect(localRound({ ...common, task, training: nothing })).rejects.toMatchObject({
    code: 'TRAINING_DATA_INVALID',
    message: 'no row is left to train on',
  });
});

test('progress counts the steps, and a signal ends the round', async () => {
  const steps: number[] = [];
  await localRound({
    ...common,
    task: { ...task, batchSize: 25 },
    onProgress: ({ step, steps: all }) => void steps.push(step / all),
  });
  expect(steps).toEqual([1, 2, 3, 4, 5, 6].map((step) => step / 6));
  const controller = new AbortController();
  const cancelled = localRound({ ...common, task, signal: controller.signal, onProgress: () => controller.abort() });
  await expect(cancelled).rejects.toMatchObject({ name: 'AbortError' });
});
