import { limits } from './limits.ts';
import { inputSize, type TrainingTask } from './training-task.ts';

/*
 * One-shot tasks: each client contributes sums over its rows once, and the server makes a model of their sum. What the
 * numbers of such an update are, and how far one row or one client moves them.
 *
 * Gram matrix. Of a row x with |x| <= R and a label of 0 or 1, in this order and in units of R:
 *   the upper triangle of x x^T, row by row, entries beside the diagonal times the root of 2
 *   x if the label is 1, else zeros; x if it is 0, else zeros
 *   (label - 1/2) / root of 2
 *   and, in an update, 1 / root of 8, which counts rows where they are added up
 * The two middle parts carry x y and x as their difference and sum, but their distance for unlike labels is shorter.
 *
 * Any two rows' vectors v and w, the count included, are at most a right angle apart: with t = a.b for the rows a and b,
 *   v.w = t^2 + t + 1/8 + 1/8 = (t + 1/2)^2 for like labels, and t^2 - 1/8 + 1/8 = t^2 for unlike ones.
 * So are two sums of rows, however many, and such sums scaled down to a norm of C; their distance is at most C root of 2.
 * A row's own norm is at most root of (1 + 1 + 1/8 + 1/8) = 3/2, so that replacing it moves a sum by root of 4.5 at most:
 * by no more without the count, which is the same for both. Rows at right angles with unlike labels reach it, and so do
 * rows of like labels with t = -1/2.
 *
 * Class mean difference: one vector of norm 1 at most a row, in units of R, which an opposite one may replace.
 */

/** L2, replace-one, of one row's Gram statistics in units of the rows' bound; exact. */
export const gramSensitivity = Math.sqrt(4.5);

/** The largest L2 norm of one row's Gram statistics, without the count: 1 for the matrix, 1 for the row, 1/8 for the label, squared. */
export const gramNorm = Math.sqrt(2.125);

/** What one row adds to the last number of a Gram update. */
export const GRAM_COUNT = Math.sqrt(1 / 8);

/** L2, replace-one, of one row's part in the class mean difference, in units of the rows' bound; exact. */
export const classMeanSensitivity = 2;

/** How many numbers one row's Gram statistics have, without the count. */
export function gramLength(features: number): number {
  if (!Number.isSafeInteger(features) || features < 1) {
    throw new RangeError(`features must be an integer >= 1, got ${features}`);
  }
  return (features * (features + 1)) / 2 + 2 * features + 1;
}

/** L2, replace-one, of one row in the sum of a client's rows, in units of the rows' bound; `null` for tasks of steps. */
export function rowSensitivity({ algorithm }: TrainingTask): number | null {
  switch (algorithm?.oneShot?.rule) {
    case undefined:
      return null;
    case 'gram-matrix':
      return gramSensitivity;
    case 'class-mean-difference':
      return classMeanSensitivity;
  }
}

/** Norm of the longest row that an update may consist of, in units of the rows' bound. */
const longestRow = { 'gram-matrix': 1.5, 'class-mean-difference': 1 } as const;

/** What a one-shot task must not ask for, in words; `null` where it asks for nothing that would not be done. */
export function oneShotMistake(task: TrainingTask): string | null {
  const { algorithm, model, rounds, localEpochs, batchSize, learningRate, aggregation, privacy, employeeColumn } = task;
  if (algorithm?.oneShot === undefined) return null;
  const { rule } = algorithm.oneShot;
  const needs: [isMissing: boolean, what: string][] = [
    [algorithm.client !== undefined || algorithm.server !== undefined, 'no client or server rule: it is both'],
    [(task.label.type ?? 'binary') !== 'binary', 'a label of two values'],
    [model.hidden.length > 0, 'model.hidden to be empty: its model is linear'],
    [rounds !== 1 || localEpochs !== 1 || learningRate !== 1, 'rounds, localEpochs and learningRate of 1'],
    [batchSize !== null, 'batchSize null'],
    [privacy.exampleSamplingRate !== undefined, 'no exampleSamplingRate: it has no steps'],
    [employeeColumn !== undefined, 'no employeeColumn: it counts rows'],
    [task.asynchronous !== undefined, 'rounds that are not asynchronous'],
    [(aggregation?.rule ?? 'mean') !== 'mean', 'the aggregation rule "mean"'],
    [task.weights !== undefined, 'no weights: every row counts as one'],
    [task.clippingNorm < longestRow[rule], `a clippingNorm of at least ${longestRow[rule]}, for one row`],
    // Which bounds its update as well.
    [rule === 'gram-matrix' && inputSize(task) > limits.gramInputs, `at most ${limits.gramInputs} inputs`],
  ];
  const what = needs.find(([isMissing]) => isMissing)?.[1];
  return what === undefined ? null : `the one-shot rule "${rule}" needs ${what}`;
}
