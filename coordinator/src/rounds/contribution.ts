import {
  ChoraleError,
  GRID_STEPS,
  HISTOGRAM_SENSITIVITY,
  histogramNoiseStddev,
  parameterCount,
  type TrainingTask,
  UPDATE_SENSITIVITY,
  updateNormBound,
} from '@chorale/protocol';
import type { AggregatorOptions } from './aggregator.ts';

/** Most held-back rows of one client in one score bin: bounds what one client can move in a histogram. */
export const LARGEST_BIN = 1_000_000;

/** What one contribution to a round of this kind must look like. [R17] */
export function contributionOptions(task: TrainingTask, kind: 'train' | 'evaluate'): AggregatorOptions {
  return kind === 'train' ? updateOptions(task) : histogramOptions(task);
}

/** Public weight of a group's clients in a training round; evaluations count rows, so none weighs more. */
export function contributionWeight(task: TrainingTask, kind: 'train' | 'evaluate', group: string): number {
  return kind === 'train' && task.weights !== undefined && Object.hasOwn(task.weights, group)
    ? task.weights[group]!
    : 1;
}

function updateOptions(task: TrainingTask): AggregatorOptions {
  const bound = updateNormBound(task);
  return {
    length: parameterCount(task),
    sensitivity: UPDATE_SENSITIVITY,
    check(vector) {
      let square = 0;
      for (const value of vector) square += value * value;
      if (Math.sqrt(square) > bound) {
        throw new ChoraleError(
          'UPDATE_OVER_NORM',
          `update: its norm exceeds ${Math.round((bound / GRID_STEPS) * 1000) / 1000} clipping norms`,
        );
      }
    },
  };
}

function histogramOptions(task: TrainingTask): AggregatorOptions {
  const length = 2 * task.evaluation.bins;
  // A discrete Gaussian of stddev S is subgaussian with parameter S: all bins of an honest client stay
  // within S sqrt(2 ln(2 d / beta)) of their counts, except with probability beta = 1e-12.
  const tail = histogramNoiseStddev(task) * Math.sqrt(2 * Math.log(2 * length * 1e12));
  return {
    length,
    sensitivity: HISTOGRAM_SENSITIVITY,
    check(vector) {
      if (vector.some((count) => count < -tail || count > LARGEST_BIN + tail)) {
        throw new ChoraleError(
          'UPDATE_OVER_NORM',
          `histogram: every bin must be a noised count from 0 to ${LARGEST_BIN}`,
        );
      }
    },
  };
}
