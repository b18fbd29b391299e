import { type RandomSource, secureRandom } from '@chorale/privacy';
import { ChoraleError, histogramNoiseStddev, type TrainingTask } from '@chorale/protocol';
import type { Batch, TrainingEngine } from './engines/engine.ts';
import { addNoise } from './quantized-update.ts';

/**
 * One client's part of an evaluation round: how many held-back rows score in which bin, with discrete
 * Gaussian noise in every bin.
 *
 * @returns `[2 * bins]`: the negatives' bins from score 0 to 1, then the positives'.
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
  const { bins, noiseMultiplier } = task.evaluation;
  if (noiseMultiplier === 0 && !noiseless) {
    throw new ChoraleError(
      'NOISELESS_REFUSED',
      'the study evaluates without noise, and this page did not ask for that',
    );
  }
  signal?.throwIfAborted();
  const scores = await engine.scores(parameters, heldBack);
  signal?.throwIfAborted();
  const counts = new Int32Array(2 * bins);
  for (const [row, score] of scores.entries()) {
    // A score that overflowed counts as undecided: refusing it would tell something of the row.
    const decided = score >= 0 && score <= 1 ? score : 0.5;
    const bin = Math.min(bins - 1, Math.floor(decided * bins));
    counts[heldBack.labels[row]! * bins + bin]! += 1;
  }
  return addNoise(counts, histogramNoiseStddev(task), random);
}
