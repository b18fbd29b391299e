import { poissonSample, type RandomSource, secureRandom, uniformInteger } from '@chorale/privacy';
import {
  ChoraleError,
  isUpdateNoised,
  limits,
  parameterCount,
  stepsWithoutBatches,
  type TrainingTask,
  updateFormat,
  updateNoiseStddev,
} from '@chorale/protocol';
import { type ClientAlgorithm, clientAlgorithm } from '@chorale/training';
import { lazyPart } from '../lazy-part.ts';
import type { TrainingEngine } from './engines/engine.ts';
import { employeesOf, gatherRows, type SiteRows } from './holdout.ts';
import { noisedGradientSum } from './noised-gradient.ts';
import { addNoise, quantizeUpdate, roundToFormat, withIndicator } from './quantized-update.ts';

/** How far a local round is: counts only, nothing that depends on the rows' content. */
export type LocalProgress = { step: number; steps: number };

export type LocalRoundOptions = {
  task: TrainingTask;
  engine: TrainingEngine;
  /** Rows that may train: none that is held back. */
  training: SiteRows;
  /** The round's model. */
  parameters: Float32Array;
  /** Committed rounds behind it, which only an algorithm that remembers them asks for; 0 without it. */
  modelRound?: number;
  /** L2 bound on the update of this round, where it is not the task's own. */
  clippingNorm?: number | undefined;
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
 * rows that a one-shot task asks for, then what comes of them, clipped to `clippingNorm`, on the integer grid, noised or
 * randomized, and rounded to the bits that it travels in. With an `exampleNoiseMultiplier` every step is noised too (Abadi et al. 2016,
 * Algorithm 1, whose lots are Poisson samples; the steps are divided by the expected size of a sample, as a sample's own
 * size would be private).
 *
 * @returns `[updateLength]` grid steps: the one form of an update that may leave the tab.
 * @throws ChoraleError `NOISELESS_REFUSED`, `TRAINING_DATA_INVALID`; `CONNECTION_LOST` when a part of the SDK cannot be
 *   fetched; the signal's reason when aborted.
 */
export async function localRound(options: LocalRoundOptions): Promise<Int32Array<ArrayBuffer>> {
  const { task, training, parameters, noiseless, random = secureRandom() } = options;
  const { adaptiveClipping } = task;
  const { clippingNorm = task.clippingNorm } = options;
  if (!isUpdateNoised(task) && !noiseless) {
    throw new ChoraleError('NOISELESS_REFUSED', 'the study trains without noise, and this page did not ask for that');
  }
  if (parameters.length !== parameterCount(task)) {
    throw new RangeError(`parameters must be ${parameterCount(task)} numbers, got ${parameters.length}`);
  }
  if (!parameters.every(Number.isFinite)) throw new ChoraleError('TRAINING_DATA_INVALID', 'the model is not finite');
  if (training.rows === 0) throw new ChoraleError('TRAINING_DATA_INVALID', 'no row is left to train on');

  const delta = await unclipped({ ...options, random });
  const clipped = quantizeUpdate(delta, clippingNorm);
  const update =
    adaptiveClipping === undefined ? clipped : withIndicator(clipped, { delta, clippingNorm, adaptiveClipping });
  return roundToFormat(await protect(update, task, random), updateFormat(task), random);
}

/** Integers that are as private as the task says: with noise, or a report of PrivUnit, whose code few tasks need. */
async function protect(update: Int32Array, task: TrainingTask, random: RandomSource): Promise<Int32Array<ArrayBuffer>> {
  if (task.privacy.updateMechanism === undefined) return addNoise(update, updateNoiseStddev(task), random);
  const { randomizedUpdate } = await lazyPart(import('./randomized-update.ts'));
  return randomizedUpdate(update, task, random);
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
  const { exampleClippingNorm, localEpochs, batchSize } = task;
  const { exampleNoiseMultiplier: noiseMultiplier, exampleSamplingRate } = task.privacy;
  const { rows } = training;
  // How many units there are is public, how many rows one of them has is not.
  const units = employeesOf(training);
  const mostRows = training.employees === undefined ? rows : units * limits.rowsPerEmployee;
  const steps = batchSize === null ? stepsWithoutBatches(task) : localEpochs * Math.ceil(rows / batchSize);
  const local = algorithm.start({ parameters, modelRound });
  const rounded = new Float32Array(parameters);
  let step = 0;
  for (let epoch = 0; epoch < localEpochs; epoch += 1) {
    const batches =
      exampleSamplingRate === undefined
        ? shuffledBatches(training, batchSize ?? rows, random)
        : poissonBatches(training, { units, rate: exampleSamplingRate, steps: steps / localEpochs }, random);
    for (const batch of batches) {
      signal?.throwIfAborted();
      rounded.set(local.weights);
      const sum = await employeeGradientSum(engine, { parameters: rounded, batch, exampleClippingNorm });
      const gradient =
        noiseMultiplier === 0
          ? sum
          : noisedGradientSum(sum, { rows: mostRows, exampleClippingNorm, noiseMultiplier }, random);
      local.take(gradient, exampleSamplingRate === undefined ? employeesOf(batch) : exampleSamplingRate * units);
      step += 1;
      await onProgress?.({ step, steps });
    }
  }
  signal?.throwIfAborted();
  return local.finish();
}

/** All rows in one batch, or shuffled into batches of the size, of which the last may be smaller. */
function* shuffledBatches(rows: SiteRows, batchSize: number, random: RandomSource): Generator<SiteRows> {
  if (batchSize >= rows.rows) {
    yield rows;
    return;
  }
  const order = shuffled(rows.rows, random);
  for (let start = 0; start < order.length; start += batchSize)
    yield gatherRows(rows, order.subarray(start, start + batchSize));
}

/** Every employee, with all their rows, independently in each batch, which may be empty. */
function* poissonBatches(
  rows: SiteRows,
  { units, rate, steps }: { units: number; rate: number; steps: number },
  random: RandomSource,
): Generator<SiteRows> {
  const { employees } = rows;
  for (let step = 0; step < steps; step += 1) {
    const sample = poissonSample({ rate, from: units }, random);
    if (employees === undefined) yield gatherRows(rows, sample);
    else {
      const chosen = new Set(sample);
      yield gatherRows(
        rows,
        [...employees.keys()].filter((row) => chosen.has(employees[row]!)),
      );
    }
  }
}

/**
 * The sum over employees of the mean of their rows' clipped gradients. A mean is no longer than the longest of what it is
 * of: replacing all rows of an employee, by more or fewer too, moves the sum by twice the clipping norm at most.
 *
 * With n rows there are at most sqrt(2 n) different numbers of rows an employee, each a division and an addition more;
 * their rounding is within what `gradientSensitivity` has for n rows.
 */
async function employeeGradientSum(
  engine: TrainingEngine,
  {
    parameters,
    batch,
    exampleClippingNorm,
  }: { parameters: Float32Array; batch: SiteRows; exampleClippingNorm: number },
): Promise<Float32Array | Float64Array> {
  const { employees } = batch;
  if (employees === undefined) {
    return (await engine.clippedGradientSum(parameters, batch, exampleClippingNorm)).gradientSum;
  }
  const rowsOf = new Uint32Array(employeesOf(batch));
  for (const employee of employees) rowsOf[employee]! += 1;
  const sum = new Float64Array(parameters.length);
  for (const [count, rows] of Map.groupBy(employees.keys(), (row) => rowsOf[employees[row]!]!)) {
    const { gradientSum } = await engine.clippedGradientSum(parameters, gatherRows(batch, rows), exampleClippingNorm);
    for (let i = 0; i < sum.length; i += 1) sum[i]! += gradientSum[i]! / count;
  }
  return sum;
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
