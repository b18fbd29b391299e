import { seededRandom } from '@chorale/privacy/testing';
import {
  GRID_STEPS,
  indicatorSteps,
  inputSize,
  parameterCount,
  type TrainingTask,
  updateNoiseStddev,
} from '@chorale/protocol';
import { updateNormBound } from '@chorale/protocol/update-mechanism';
import { expect, test } from 'vitest';
import type { TrainingEngine } from './engines/engine.ts';
import { TypedArrayEngine } from './engines/typed-array-engine.ts';
import { gatherRows, type SiteRows } from './holdout.ts';
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

/** Records what each step was computed on; gradients are those of the real engine. */
function recordingEngine(): { engine: TrainingEngine; batches: string[][]; sums: Float64Array[] } {
  const batches: string[][] = [];
  const sums: Float64Array[] = [];
  const width = inputSize(task);
  const engine: TrainingEngine = {
    ...common.engine,
    name: 'typed-arrays',
    async clippedGradientSum(p, batch, bound) {
      batches.push(
        Array.from({ length: batch.rows }, (_, row) => batch.inputs.slice(row * width, (row + 1) * width).join()),
      );
      const sum = await common.engine.clippedGradientSum(p, batch, bound);
      sums.push(Float64Array.from(sum.gradientSum));
      return sum;
    },
    loss: (p, batch) => common.engine.loss(p, batch),
    scores: (p, batch) => common.engine.scores(p, batch),
    dispose() {},
  };
  return { engine, batches, sums };
}

const poisson = (exampleNoiseMultiplier: number, exampleSamplingRate: number): TrainingTask => ({
  ...task,
  clippingNorm: 1000,
  privacy: { ...noNoise, exampleNoiseMultiplier, exampleSamplingRate },
});

test('[B6] Poisson steps take each row by chance, and are divided by how many that is on average', async () => {
  const { engine, batches, sums } = recordingEngine();
  const task300 = { ...poisson(1e-6, 0.3), localEpochs: 100 };
  const update = await localRound({ ...common, engine, task: task300, noiseless: false, random: seededRandom(6) });
  // An epoch has round(1 / 0.3) steps.
  expect(batches).toHaveLength(300);
  const counts = new Map<string, number>();
  for (const row of batches.flat()) counts.set(row, (counts.get(row) ?? 0) + 1);
  expect(counts.size).toBe(40);
  // Binomial of 300 steps; z = 6.11.
  for (const count of counts.values()) expect(Math.abs(count - 90)).toBeLessThan(6.11 * Math.sqrt(300 * 0.3 * 0.7));
  expect(new Set(batches.map((rows) => rows.length)).size).toBeGreaterThan(5);
  // The mean of a step is over 12 rows, whatever it has.
  for (const [i, value] of update.entries()) {
    const total = sums.reduce((sum, gradient) => sum + gradient[i]!, 0);
    expect(Math.abs((value / GRID_STEPS) * 1000 + (0.5 * total) / 12)).toBeLessThan(0.02);
  }
});

test('[B6] a Poisson step without a row is noised like any other', async () => {
  const { engine, batches } = recordingEngine();
  const few = { inputs: training.inputs.slice(0, 2 * inputSize(task)), labels: training.labels.slice(0, 2), rows: 2 };
  const rare = { ...poisson(5, 2 ** -12), localEpochs: 1, learningRate: 2 ** -17 };
  const work = { ...common, engine, training: few, task: rare, noiseless: false };
  const update = await localRound({ ...work, random: seededRandom(7) });
  expect(batches).toHaveLength(4096);
  expect(batches.filter((rows) => rows.length === 0).length).toBeGreaterThan(4080);
  // 4,096 steps of learning rate / expected rows x 5 x 2c; z = 6.11 of the variance of as many draws as parameters.
  const expected = (2 ** -17 / (2 * 2 ** -12)) * 5 * 2 * Math.sqrt(4096);
  const count = parameterCount(task);
  const actual = norm(Array.from(update, (value) => (value / GRID_STEPS) * 1000)) / Math.sqrt(count);
  expect(Math.abs((actual / expected) ** 2 - 1)).toBeLessThan(6.11 * Math.sqrt(2 / count));
});

test('[B6] rows change neither the number of Poisson steps nor the noise and random words that are drawn', async () => {
  const strange = {
    ...training,
    inputs: training.inputs.map((value) => -1e30 * value),
    labels: training.labels.map(() => 1),
  };
  const work = async (rows: typeof training): Promise<unknown> => {
    const random = seededRandom(8);
    const { engine, batches } = recordingEngine();
    const steps: number[] = [];
    await localRound({
      ...common,
      engine,
      random,
      training: rows,
      task: poisson(2, 0.1),
      onProgress: ({ step, steps: all }) => void steps.push(step / all),
    });
    return { words: random.wordsDrawn, sizes: batches.map((batch) => batch.length), steps };
  };
  const plain = await work(training);
  expect(await work(strange)).toEqual(plain);
  expect(plain).toMatchObject({ steps: Array.from({ length: 30 }, (_, i) => (i + 1) / 30) });
});

/** Rows of these positions, one after the other, and whose they are. */
const rowsOf = (positions: number[], employees?: number[]): SiteRows =>
  gatherRows(
    { ...training, ...(employees === undefined ? {} : { employees: perRow(positions, employees) }) },
    positions,
  );
function perRow(positions: number[], employees: number[]): Uint32Array {
  const all = new Uint32Array(training.rows);
  for (const [i, position] of positions.entries()) all[position] = employees[i]!;
  return all;
}

test('[B7] an employee counts once, by the mean of what their rows give, however many those are', async () => {
  const owned = { ...task, employeeColumn: 'id', localEpochs: 1, clippingNorm: 1000 };
  const stepOf = async (rows: SiteRows): Promise<number[]> =>
    Array.from(await localRound({ ...common, task: owned, training: rows }), (v) => (v / GRID_STEPS) * 1000);
  // Three employees with rows 0; 1, 2 and 3; 4 and 5: the mean of three means.
  const together = await stepOf(rowsOf([0, 1, 4, 2, 5, 3], [0, 1, 2, 1, 2, 1]));
  const single = await Promise.all([0, 1, 2, 3, 4, 5].map((row) => stepOf(rowsOf([row]))));
  for (const [i, value] of together.entries()) {
    const [a, b, c, d, e, f] = single.map((step) => step[i]!) as [number, number, number, number, number, number];
    expect(Math.abs(value - (a + (b + c + d) / 3 + (e + f) / 2) / 3)).toBeLessThan(0.05);
  }
  // Other rows, and fewer of them, for the second: twice the clipping norm, times learning rate over employees.
  const other = await stepOf(rowsOf([0, 30, 4, 5], [0, 1, 2, 2]));
  const moved = norm(together.map((value, i) => value - other[i]!));
  expect(moved).toBeGreaterThan(0);
  expect(moved).toBeLessThanOrEqual(((0.5 * 2) / 3) * 1.001);
});

test('[B7] a sample has all rows of an employee or none, and is divided by how many employees it has on average', async () => {
  const { engine, batches, sums } = recordingEngine();
  const owned = { ...poisson(1e-6, 0.3), employeeColumn: 'id' };
  const employees = Uint32Array.from({ length: training.rows }, (_, row) => row % 20);
  const rows = { ...training, employees };
  const update = await localRound({ ...common, engine, task: owned, training: rows, random: seededRandom(9) });
  const width = inputSize(task);
  const ownerOf = new Map(
    [...employees].map((employee, row) => [training.inputs.slice(row * width, (row + 1) * width).join(), employee]),
  );
  expect(batches).toHaveLength(9);
  for (const batch of batches) {
    const owners = batch.map((row) => ownerOf.get(row)!);
    for (const owner of owners) expect(owners.filter((one) => one === owner)).toHaveLength(2);
  }
  for (const [i, value] of update.entries()) {
    const total = sums.reduce((sum, gradient) => sum + gradient[i]! / 2, 0);
    expect(Math.abs((value / GRID_STEPS) * 1000 + (0.5 * total) / 6)).toBeLessThan(0.05);
  }
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

test('[B11] an update tells whether it was within the norm of its round, by one more number', async () => {
  const adaptiveClipping = { quantile: 0.5, learningRate: 0.2, minimum: 0.01, maximum: 100, indicatorShare: 0.1 };
  const adaptive = { ...task, adaptiveClipping };
  const steps = indicatorSteps(adaptiveClipping, GRID_STEPS);
  const length = (norm(await localRound({ ...common, task })) / GRID_STEPS) * task.clippingNorm;
  expect(length).toBeLessThan(0.9 * task.clippingNorm);
  for (const share of [0.5, 0.99, 1.01, 2]) {
    const clippingNorm = length * share;
    const update = await localRound({ ...common, task: adaptive, clippingNorm });
    expect(update).toHaveLength(parameterCount(task) + 1);
    expect(update.at(-1)).toBe(share < 1 ? -steps : steps);
    expect(norm(update.subarray(0, -1)) / GRID_STEPS).toBeCloseTo(Math.min(1, 1 / share), 2);
  }
});

test('[B11] that number has the noise of the others', async () => {
  const adaptiveClipping = { quantile: 0.5, learningRate: 0.2, minimum: 0.01, maximum: 100, indicatorShare: 0.1 };
  const noised = { ...task, adaptiveClipping, privacy: { ...noNoise, updateNoiseMultiplier: 0.5 }, localEpochs: 1 };
  const steps = indicatorSteps(adaptiveClipping, GRID_STEPS);
  const random = seededRandom(5);
  const stddev = updateNoiseStddev(noised);
  const values: number[] = [];
  for (let i = 0; i < 400; i += 1) {
    const update = await localRound({ ...common, task: noised, clippingNorm: 100, random });
    values.push((update.at(-1)! - steps) / stddev);
  }
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  // Five standard errors.
  expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(values.length));
  expect(Math.abs(variance - 1)).toBeLessThan(5 * Math.sqrt(2 / values.length));
});
