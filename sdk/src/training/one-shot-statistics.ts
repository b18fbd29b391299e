import type { RandomSource } from '@chorale/privacy';
import { ChoraleError, rowSensitivity, type TrainingTask } from '@chorale/protocol';
import { RowStatistics } from '@chorale/training/one-shot';
import type { Batch } from './engines/engine.ts';
import type { LocalProgress } from './local-round.ts';
import { noisedGradientSum } from './noised-gradient.ts';

/** Rows between two looks at the signal: a few milliseconds with some fifty inputs. */
const ROWS_PER_STEP = 256;

/**
 * What a client contributes to a one-shot task, before it is clipped as a whole: of the rows and private, but for the noise
 * that an `exampleNoiseMultiplier` adds to their sum.
 *
 * @returns `[updateLength]` in units of the bound on rows
 * @throws ChoraleError `TRAINING_DATA_INVALID` for a number that is not finite; the signal's reason when aborted.
 */
export async function oneShotStatistics({
  task,
  training,
  random,
  onProgress,
  signal,
}: {
  task: TrainingTask;
  /** At least one row. */
  training: Batch;
  random: RandomSource;
  onProgress?: (progress: LocalProgress) => void | Promise<void>;
  signal?: AbortSignal;
}): Promise<Float64Array> {
  const { inputs, labels, rows } = training;
  if (!inputs.every(Number.isFinite)) {
    throw new ChoraleError('TRAINING_DATA_INVALID', 'the rows hold a number that is not finite');
  }
  const width = inputs.length / rows;
  const statistics = new RowStatistics(task);
  const steps = Math.ceil(rows / ROWS_PER_STEP);
  for (let step = 1; step <= steps; step += 1) {
    signal?.throwIfAborted();
    const end = Math.min(rows, step * ROWS_PER_STEP);
    for (let row = statistics.rows; row < end; row += 1) {
      statistics.add(inputs.subarray(row * width, (row + 1) * width), labels[row]!);
    }
    await onProgress?.({ step, steps });
  }
  signal?.throwIfAborted();
  const { exampleNoiseMultiplier: noiseMultiplier } = task.privacy;
  if (noiseMultiplier === 0) return statistics.contribution(statistics.sum);
  // Rows are at most 1.5 long where 2c, what replacing one moves their sum by, is the root of 4.5: what that sensitivity has
  // for rounding is enough, since 1.5 / c = root of 2 makes each of its terms larger by less than the factor of 2 that is left.
  const noised = noisedGradientSum(
    statistics.sum,
    { rows, exampleClippingNorm: rowSensitivity(task)! / 2, noiseMultiplier },
    random,
  );
  return statistics.contribution(noised);
}
