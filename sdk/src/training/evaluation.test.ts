import { seededRandom } from '@chorale/privacy/testing';
import type { TrainingTask } from '@chorale/protocol';
import { expect, test } from 'vitest';
import { TypedArrayEngine } from './engines/typed-array-engine.ts';
import { evaluationHistogram } from './evaluation.ts';
import { taskNetwork } from './task-network.ts';
import { attritionTask } from './testing/attrition-task.ts';

const task: TrainingTask = {
  ...attritionTask,
  features: [{ type: 'number', column: 'x', minimum: -1, maximum: 1 }],
  evaluation: { ...attritionTask.evaluation, bins: 4 },
};
const engine = new TypedArrayEngine(taskNetwork(task));
// With weight 1 and bias 0 a row's score is the logistic function of its one input.
const parameters = Float32Array.from([1, 0]);
const logit = (score: number): number => Math.log(score / (1 - score));
const heldBack = {
  inputs: Float32Array.from([-1000, logit(0.2), logit(0.3), logit(0.6), logit(0.8), 1000]),
  labels: Uint8Array.from([0, 0, 1, 0, 1, 1]),
  rows: 6,
};

test('rows are counted by label and score, the score of 1 in the last bin', async () => {
  const histogram = await evaluationHistogram({ task, engine, heldBack, parameters, noiseless: true });
  expect([...histogram]).toEqual([2, 0, 1, 0, 0, 1, 0, 2]);
});

test('noise of the declared size lies in every bin, empty ones too', async () => {
  const bins = 1000;
  const noised = { ...task, evaluation: { ...task.evaluation, bins, noiseMultiplier: 20 } };
  const histogram = await evaluationHistogram({
    task: noised,
    engine,
    heldBack,
    parameters,
    noiseless: false,
    random: seededRandom(1),
  });
  const variance = histogram.reduce((sum, count) => sum + count ** 2, 0) / (2 * bins);
  // Six rows add nothing beside it. Standard error sqrt(2/n), relative; z = 6.11.
  expect(Math.abs(variance / (20 * Math.SQRT2) ** 2 - 1)).toBeLessThan(6.11 * Math.sqrt(2 / (2 * bins)));
});

test('no rows give noise alone: the coordinator cannot tell', async () => {
  const nothing = { inputs: new Float32Array(0), labels: new Uint8Array(0), rows: 0 };
  expect([...(await evaluationHistogram({ task, engine, heldBack: nothing, parameters, noiseless: true }))]).toEqual([
    0, 0, 0, 0, 0, 0, 0, 0,
  ]);
});

test('without noise and without consent nothing is counted', async () => {
  await expect(evaluationHistogram({ task, engine, heldBack, parameters, noiseless: false })).rejects.toMatchObject({
    code: 'NOISELESS_REFUSED',
  });
});

test('a model that gives no number leaves all rows undecided: a refusal would tell of them', async () => {
  const counts = await evaluationHistogram({
    task,
    engine,
    heldBack,
    parameters: Float32Array.from([NaN, 0]),
    noiseless: true,
  });
  const bins = counts.length / 2;
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(heldBack.rows);
  expect(counts[Math.floor(bins / 2)]! + counts[bins + Math.floor(bins / 2)]!).toBe(heldBack.rows);
});

const { bins: _, ...unbinned } = task.evaluation;

test('categories are counted by label and likeliest category', async () => {
  const moods: TrainingTask = {
    ...task,
    label: { type: 'category', column: 'Mood', categories: ['low', 'middling', 'high'] },
    evaluation: unbinned,
  };
  const rows = { inputs: Float32Array.from([-2, -2, 0, 2, 2]), labels: Uint8Array.from([0, 1, 1, 2, 0]), rows: 5 };
  const counts = await evaluationHistogram({
    task: moods,
    engine: new TypedArrayEngine(taskNetwork(moods)),
    heldBack: rows,
    // Low where the input is far below zero, high where it is far above, and middling about zero.
    parameters: Float32Array.from([-2, 0, 2, 0, 1, 0]),
    noiseless: true,
  });
  expect([...counts]).toEqual([1, 0, 1, 1, 1, 0, 0, 0, 1]);
});

test('numbers are counted by the size of their error, and by the label', async () => {
  const salary: TrainingTask = { ...task, label: { type: 'number', column: 'Salary', minimum: 0, maximum: 100 } };
  // Predictions are the inputs; beyond the scale they are its ends, and what is no number is in the middle.
  const rows = {
    inputs: Float32Array.from([0, 0.9, 5, -1, NaN]),
    labels: Float32Array.from([0.1, -0.9, 1, 1, 0]),
    rows: 5,
  };
  const counts = await evaluationHistogram({
    task: salary,
    engine: new TypedArrayEngine(taskNetwork(salary)),
    heldBack: rows,
    parameters: Float32Array.from([1, 0]),
    noiseless: true,
  });
  // Errors .05, .9, 0, 1 of the scale and one that overflowed; labels .55, .05, 1, 1, .5 of it.
  expect([...counts]).toEqual([2, 0, 1, 2, 1, 0, 2, 2]);
});
