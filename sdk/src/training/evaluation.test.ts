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
  const { bins } = task.evaluation;
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(heldBack.rows);
  expect(counts[Math.floor(bins / 2)]! + counts[bins + Math.floor(bins / 2)]!).toBe(heldBack.rows);
});
