import type { RandomSource } from '@chorale/privacy';
import {
  classMeanSensitivity,
  gramLength,
  gramNorm,
  gramSensitivity,
  inputSize,
  type TrainingTask,
} from '@chorale/protocol';
import {
  fitClassMeans,
  fitGram,
  fitRandomizedLabels,
  gramStatistics,
  labelChannel,
  type LabelCorrection,
  type LinearModel,
  rowNormBound,
  signedRow,
} from '@chorale/training/one-shot';
import type { Batch } from '../../sdk/src/training/engines/engine.ts';
import { type GridSum, gridSum, likeReports, noiseOnSum, type NoisySum, sumOfReports } from './sums.ts';

/** At which delta every Gaussian of the bench is calibrated; the other mechanisms are pure. */
export const delta = 1e-5;

/** A sum's noise: on the sum alone, of everybody's own reports, or like theirs. */
export type SumNoise = 'sum' | 'reports' | 'like-reports';

type Privacy = { epsilon: number; random: RandomSource };

/** One task of one round: what clients send, and what is made of their sum. */
type OneShot = {
  vectors: () => Iterable<Float64Array>;
  sum: GridSum;
  dimension: number;
  clippingNorm: number;
  fit: (noisy: NoisySum) => LinearModel;
};

export function gramMatrix(task: TrainingTask, training: Batch): OneShot {
  const { features, normBound, rowAt } = shape(task, training);
  const statistics = (row: number): Float64Array =>
    gramStatistics({ row: rowAt(row), label: training.labels[row]!, normBound });
  const vectors = (): Iterable<Float64Array> => each(training.rows, statistics);
  return {
    vectors,
    sum: gridSum(vectors(), gramSensitivity),
    dimension: gramLength(features),
    clippingNorm: gramNorm,
    fit: (noisy) => fitGram({ ...noisy, rows: training.rows, features, normBound }),
  };
}

export function classMeanDifference(task: TrainingTask, training: Batch, expectedShare: number | undefined): OneShot {
  const { features, normBound, rowAt } = shape(task, training);
  // In units of the bound, like the other.
  const signed = (row: number): Float64Array =>
    signedRow({ row: rowAt(row), label: training.labels[row]!, normBound, expectedShare }).map(
      (value) => value / normBound,
    );
  const vectors = (): Iterable<Float64Array> => each(training.rows, signed);
  return {
    vectors,
    sum: gridSum(vectors(), classMeanSensitivity),
    dimension: features,
    clippingNorm: 1,
    fit: ({ sum }) => fitClassMeans({ sum, rows: training.rows, features }),
  };
}

/** Trains on what reaches the server. */
export function learn(oneShot: OneShot, noise: SumNoise, { epsilon, random }: Privacy): LinearModel {
  const { vectors, sum, dimension, clippingNorm, fit } = oneShot;
  switch (noise) {
    case 'sum':
      return fit(noiseOnSum(sum, { epsilon, delta, random }));
    case 'reports':
      return fit(sumOfReports(vectors(), { dimension, clippingNorm, epsilon, random }));
    case 'like-reports':
      return fit(likeReports(sum, { clippingNorm, epsilon, random }));
  }
}

/** Every label is reported by randomized response; the server knows the rest of each row. */
export function learnFromLabels(
  task: TrainingTask,
  training: Batch,
  { epsilon, random, correction }: Privacy & { correction: LabelCorrection },
): LinearModel {
  const { features, normBound } = shape(task, training);
  const channel = labelChannel(epsilon);
  const reports = training.labels.map((label) => channel.privatize(label, random));
  return fitRandomizedLabels({ ...training, reports, features, channel, normBound, correction });
}

function shape(task: TrainingTask, { inputs }: Batch) {
  const features = inputSize(task);
  const rowAt = (row: number): Float32Array => inputs.subarray(row * features, (row + 1) * features);
  return { features, normBound: rowNormBound(task.features.length), rowAt };
}

function* each(rows: number, vectorOf: (row: number) => Float64Array): Generator<Float64Array> {
  for (let row = 0; row < rows; row += 1) yield vectorOf(row);
}
