import { type RandomSource, secureRandom } from '@chorale/privacy';
import { ChoraleError, histogramCells, histogramNoiseStddev, type TrainingTask } from '@chorale/protocol';
import type { Batch, TrainingEngine } from './engines/engine.ts';
import { addNoise } from './quantized-update.ts';

/**
 * One client's part of an evaluation round: how many held-back rows fall in which cell, with discrete
 * Gaussian noise in every cell.
 *
 * @returns `[histogramCells]`, in the order given there.
 * @throws ChoraleError `NOISELESS_REFUSED` without noise and consent.
 */
export async function evaluationHistogram({
  task,
  engine,
  heldBack,
  parameters,
  noiseless,
  random = secureRandom(),
  signal,
}: {
  task: TrainingTask;
  engine: TrainingEngine;
  /** Rows that never train. */
  heldBack: Batch;
  parameters: Float32Array;
  noiseless: boolean;
  random?: RandomSource;
  signal?: AbortSignal;
}): Promise<Int32Array<ArrayBuffer>> {
  const { noiseMultiplier } = task.evaluation;
  if (noiseMultiplier === 0 && !noiseless) {
    throw new ChoraleError(
      'NOISELESS_REFUSED',
      'the study evaluates without noise, and this page did not ask for that',
    );
  }
  signal?.throwIfAborted();
  const scores = await engine.scores(parameters, heldBack);
  signal?.throwIfAborted();
  return addNoise(histogram(task, scores, heldBack), histogramNoiseStddev(task), random);
}

/** `[histogramCells]` counts; scores are as the engine gives them. */
function histogram(task: TrainingTask, scores: Float32Array, { labels, rows }: Batch): Int32Array<ArrayBuffer> {
  const counts = new Int32Array(histogramCells(task));
  const bins = counts.length / 2;
  for (let row = 0; row < rows; row += 1) {
    const label = labels[row]!;
    switch (task.label.type) {
      case undefined:
      case 'binary':
        counts[label * bins + binOf(scores[row]!, { from: 0, to: 1, bins })]! += 1;
        break;
      case 'category': {
        const categories = task.label.categories.length;
        counts[label * categories + likeliest(scores.subarray(row * categories, (row + 1) * categories))]! += 1;
        break;
      }
      case 'number': {
        // Both on [-1, 1], so that their difference is in half widths of the scale.
        const predicted = Math.min(1, Math.max(-1, scores[row]!));
        counts[binOf(Math.abs(predicted - label) / 2, { from: 0, to: 1, bins })]! += 1;
        counts[bins + binOf(label, { from: -1, to: 1, bins })]! += 1;
      }
    }
  }
  return counts;
}

/** What overflowed counts as the middle: refusing it would tell something of the row. */
function binOf(value: number, { from, to, bins }: { from: number; to: number; bins: number }): number {
  const share = value >= from && value <= to ? (value - from) / (to - from) : 0.5;
  return Math.min(bins - 1, Math.floor(share * bins));
}

/** Position of the largest; the first, where none is larger than another. */
function likeliest(probabilities: Float32Array): number {
  let best = 0;
  for (let i = 1; i < probabilities.length; i += 1) if (probabilities[i]! > probabilities[best]!) best = i;
  return best;
}
