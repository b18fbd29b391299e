import { type RandomSource, secureRandom, uniformInteger } from '@chorale/privacy';
import { ChoraleError, parameterCount, type TrainingTask, updateFormat, updateNoiseStddev } from '@chorale/protocol';
import { type ClientAlgorithm, clientAlgorithm } from '@chorale/training';
import { lazyPart } from '../lazy-part.ts';
import type { Batch, TrainingEngine } from './engines/engine.ts';
import { gatherRows } from './holdout.ts';
import { noisedGradientSum } from './noised-gradient.ts';
import { addNoise, quantizeUpdate, roundToFormat } from './quantized-update.ts';

/** How far a local round is: counts only, nothing that depends on the rows' content. */
export type LocalProgress = { step: number; steps: number };

export type LocalRoundOptions = {
  task: TrainingTask;
  engine: TrainingEngine;
  /** Rows that may train: none that is held back. */
  training: Batch;
  /** The round's model. */
  parameters: Float32Array;
  /** Committed rounds behind it, which only an algorithm that remembers them asks for; 0 without it. */
  modelRound?: number;
  /** What this client keeps from round to round; without it, nothing of earlier ones. */
  algorithm?: ClientAlgorithm;
  /** The page's explicit consent to send what has no noise. */
  noiseless: boolean;
  random?: RandomSource;
  /** Awaited after each step, so that a caller can let other work run. */
  onProgress?: (progress: LocalProgress) => void | Promise<void>;
  signal?: AbortSignal;
};

/**
 * One client's part of a training round: local steps from the round's model by the task's algorithm, or the sums of its
 * rows that a one-shot task asks for, then what comes of them, clipped to `clippingNorm`, on the integer grid, noised, and rounded to the bits that it travels in. With an
 * `exampleNoiseMultiplier` every step is noised too (Abadi et al. 2016, Algorithm 1).
 *
 * @returns `[updateLength]` grid steps: the one form of an update that may leave the tab.
 * @throws ChoraleError `NOISELESS_REFUSED`, `TRAINING_DATA_INVALID`; `CONNECTION_LOST` when a part of the SDK cannot be
 *   fetched; the signal's reason when aborted.
 */
export async function localRound(options: LocalRoundOptions): Promise<Int32Array<ArrayBuffer>> {
  const { task, training, parameters, noiseless, random = secureRandom() } = options;
  const { updateNoiseMultiplier, exampleNoiseMultiplier } = task.privacy;
  if (updateNoiseMultiplier === 0 && exampleNoiseMultiplier === 0 && !noiseless) {
    throw new ChoraleError('NOISELESS_REFUSED', 'the study trains without noise, and this page did not ask for that');
  }
  if (parameters.length !== parameterCount(task)) {
    throw new RangeError(`parameters must be ${parameterCount(task)} numbers, got ${parameters.length}`);
  }
  if (!parameters.every(Number.isFinite)) throw new ChoraleError('TRAINING_DATA_INVALID', 'the model is not finite');
  if (training.rows === 0) throw new ChoraleError('TRAINING_DATA_INVALID', 'no row is left to train on');

  const update = quantizeUpdate(await unclipped({ ...options, random }), task.clippingNorm);
  return roundToFormat(addNoise(update, updateNoiseStddev(task), random), updateFormat(task), random);
}

/** What the task's algorithm makes of the rows: private. Few studies are one-shot, so what they need is loaded here. */
async function unclipped(options: LocalRoundOptions & { random: RandomSource }): Promise<Float64Array> {
  if (options.task.algorithm?.oneShot === undefined) return localSteps(options);
  const { oneShotStatistics } = await lazyPart(import('./one-shot-statistics.ts'));
  return oneShotStatistics(options);
}

/** What comes of all local steps: of the rows and private, before any noise but that of the steps. */
export async function localSteps({
  task,
  engine,
  training,
  parameters,
  modelRound = 0,
  algorithm = clientAlgorithm(task),
  random,
  onProgress,
  signal,
}: Omit<LocalRoundOptions, 'noiseless' | 'random'> & { random: RandomSource }): Promise<Float64Array> {
  const { exampleClippingNorm, localEpochs } = task;
  const { exampleNoiseMultiplier: noiseMultiplier } = task.privacy;
  const batchSize = Math.min(task.batchSize ?? training.rows, training.rows);
  const steps = localEpochs * Math.ceil(training.rows / batchSize);
  const local = algorithm.start({ parameters, modelRound });
  const rounded = new Float32Array(parameters);
  let step = 0;
  for (let epoch = 0; epoch < localEpochs; epoch += 1) {
    for (const batch of batches(training, batchSize, random)) {
      signal?.throwIfAborted();
      rounded.set(local.weights);
      const sum = await engine.clippedGradientSum(rounded, batch, exampleClippingNorm);
      const gradient =
        noiseMultiplier === 0
          ? sum.gradientSum
          : noisedGradientSum(sum, { exampleClippingNorm, noiseMultiplier }, random);
      local.take(gradient, batch.rows);
      step += 1;
      await onProgress?.({ step, steps });
    }
  }
  signal?.throwIfAborted();
  return local.finish();
}

/** All rows in one batch, or shuffled into batches of the size, of which the last may be smaller. */
function* batches(rows: Batch, batchSize: number, random: RandomSource): Generator<Batch> {
  if (batchSize === rows.rows) {
    yield rows;
    return;
  }
  const order = shuffled(rows.rows, random);
  for (let start = 0; start < order.length; start += batchSize)
    yield gatherRows(rows, order.subarray(start, start + batchSize));
}

/** Fisher and Yates: every order equally likely. */
function shuffled(length: number, random: RandomSource): Uint32Array {
  const order = Uint32Array.from({ length }, (_, i) => i);
  for (let last = length - 1; last > 0; last -= 1) {
    const other = uniformInteger(last + 1, random);
    const held = order[last]!;
    order[last] = order[other]!;
    order[other] = held;
  }
  return order;
}
