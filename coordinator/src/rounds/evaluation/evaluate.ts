import { type Evaluation, histogramCells, histogramNoiseStddev, type TrainingTask } from '@chorale/protocol';
import { evaluateCategories } from './categories.ts';
import { evaluateNumbers } from './numbers.ts';
import { evaluateTwoValues } from './two-values.ts';

/** A summed evaluation histogram as it was released. */
export type ReleasedHistogram = {
  /** `[histogramCells]` */
  histogram: ArrayLike<number>;
  /** Clients whose histograms it sums. */
  contributions: number;
};

/**
 * Reads how well a model does off a noised histogram: post-processing, so it costs nothing. [R12]
 *
 * Cells stay as they were released, negative ones included: what is read are sums of cells and of products of
 * independent cells, in which noise of mean zero cancels, while setting negative cells to zero would add rows to empty
 * ones everywhere and pull every AUC towards one half. Only the results are clamped to their range. A number is `null`
 * where the noise could account for all rows that it is of.
 * @throws RangeError when there are not as many cells as the task has
 */
export function evaluateHistogram(task: TrainingTask, { histogram, contributions }: ReleasedHistogram): Evaluation {
  if (histogram.length !== histogramCells(task))
    throw new RangeError(`histogram must have ${histogramCells(task)} cells, got ${histogram.length}`);
  const noised = { cells: Array.from(histogram), noiseStddev: histogramNoiseStddev(task) * Math.sqrt(contributions) };
  switch (task.label.type) {
    case undefined:
    case 'binary':
      return evaluateTwoValues(noised);
    case 'category':
      return evaluateCategories(noised);
    case 'number':
      return evaluateNumbers(noised, task.label);
  }
}
