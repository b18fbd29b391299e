import { type RandomSource, secureRandom, uniformInteger } from '@chorale/privacy';
import { ChoraleError, parameterCount, type TrainingTask, updateFormat, updateNoiseStddev } from '@chorale/protocol';
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
  /** The page's explicit consent to send what has no noise. */
  noiseless: boolean;
  random?: RandomSource;
  /** Awaited after each step, so that a caller can let other work run. */
  onProgress?: (progress: LocalProgress) => void | Promise<void>;
  signal?: AbortSignal;
};

/**
 * One client's part of a training round (McMahan et al. 2017, Algorithm 1, ClientUpdate): local steps from
 * the round's model, then the difference, clipped to `clippingNorm`, on the integer grid, noised, and rounded to
 * the bits that it travels in. With an `exampleNoiseMultiplier` every step is noised too (Abadi et al. 2016,
 * Algorithm 1).
 *
 * @returns `[parameterCount]` grid steps: the one form of an update that may leave the tab.
 * @throws ChoraleError `NOISELESS_REFUSED`, `TRAINING_DATA_INVALID`; the signal's reason when aborted.
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

  const trained = await localSteps({ ...options, random });
  const update = quantizeUpdate(
    trained.map((value, i) => value - parameters[i]!),
    task.clippingNorm,
  );
  return roundToFormat(addNoise(update, updateNoiseStddev(task), random), updateFormat(task), random);
}

/** The round's model after all local steps: of the rows and private, before any noise but that of its steps. */
export async function localSteps({
  task,
  engine,
  training,
  parameters,
  random,
  onProgress,
  signal,
}: Omit<LocalRoundOptions, 'noiseless' | 'random'> & { random: RandomSource }): Promise<Float64Array> {
  const { exampleClippingNorm, learningRate, localEpochs } = task;
  const { exampleNoiseMultiplier: noiseMultiplier } = task.privacy;
  const batchSize = Math.min(task.batchSize ?? training.rows, training.rows);
  const steps = localEpochs * Math.ceil(training.rows / batchSize);
  // Steps smaller than the model's single precision would be lost if they were not summed in doubles.
  const weights = new Float64Array(parameters);
  const rounded = new Float32Array(parameters);
  let step = 0;
  for (let epoch = 0; epoch < localEpochs; epoch += 1) {
    for (const batch of batches(training, batchSize, random)) {
      signal?.throwIfAborted();
      rounded.set(weights);
      const sum = await engine.clippedGradientSum(rounded, batch, exampleClippingNorm);
      const gradient =
        noiseMultiplier === 0
          ? sum.gradientSum
          : noisedGradientSum(sum, { exampleClippingNorm, noiseMultiplier }, random);
      descend(weights, gradient, learningRate, batch.rows);
      step += 1;
      await onProgress?.({ step, steps });
    }
  }
  signal?.throwIfAborted();
  return weights;
}

// A function of its own: loops in asynchronous functions are compiled late and badly.
function descend(
  weights: Float64Array,
  gradientSum: Float32Array | Float64Array,
  learningRate: number,
  rows: number,
): void {
  for (let i = 0; i < weights.length; i += 1)
    weights[i] = finite(weights[i]! - (learningRate * finite(gradientSum[i]!)) / rows);
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

// Far above any weight that works, far below the end of single precision.
const LARGEST = 1e30;

/**
 * A number that may have overflowed, as one that has not. Training that diverges must not fail: whether it
 * does depends on the rows, and a failure would be a message that no noise covers.
 */
function finite(value: number): number {
  return Number.isNaN(value) ? 0 : Math.min(LARGEST, Math.max(-LARGEST, value));
}
