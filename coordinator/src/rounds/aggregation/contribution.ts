import {
  ChoraleError,
  GRID_STEPS,
  histogramCells,
  histogramNoiseStddev,
  PLAIN_FORMAT,
  type TrainingTask,
  type UpdateFormat,
  updateFormat,
  updateLength,
} from '@chorale/protocol';
import { updateNormBound } from '@chorale/protocol/update-mechanism';

/** Most held-back rows of one client in one score bin: bounds what one client can move in a histogram. */
export const LARGEST_BIN = 1_000_000;

/** What one contribution to a round must look like. [R17] */
export type ContributionRule = {
  /** Integers in one vector. */
  length: number;
  /** How they travel. */
  format: UpdateFormat;
  /** Refuses a vector, of this L2 norm, that no honest client would send. @throws ChoraleError `UPDATE_OVER_NORM` */
  check: (vector: Int32Array, norm: number) => void;
};

/** By task, which never changes: many numbers go into a rule, and each round asks for it. */
const rules = {
  train: new WeakMap<TrainingTask, ContributionRule>(),
  evaluate: new WeakMap<TrainingTask, ContributionRule>(),
};

/** The rule for the contributions to a round of this kind. */
export function contributionRule(task: TrainingTask, kind: 'train' | 'evaluate'): ContributionRule {
  const rule = rules[kind].get(task) ?? (kind === 'train' ? updateRule(task) : histogramRule(task));
  rules[kind].set(task, rule);
  return rule;
}

/** Public weight of a group's clients in a training round; evaluations count rows, so none weighs more. */
export function contributionWeight(task: TrainingTask, kind: 'train' | 'evaluate', group: string): number {
  return kind === 'train' && task.weights !== undefined && Object.hasOwn(task.weights, group)
    ? task.weights[group]!
    : 1;
}

function updateRule(task: TrainingTask): ContributionRule {
  const bound = updateNormBound(task);
  return {
    length: updateLength(task),
    format: updateFormat(task),
    check(_vector, norm) {
      // Without noise and rounding the bound is GRID_STEPS, where norms are exact. With either it has a margin: rounding
      // decides only for norms within one part in 2^33 of it, and either answer is right there.
      if (norm <= bound) return;
      throw new ChoraleError(
        'UPDATE_OVER_NORM',
        `update: its norm exceeds ${Math.round((bound / GRID_STEPS) * 1000) / 1000} clipping norms`,
      );
    },
  };
}

function histogramRule(task: TrainingTask): ContributionRule {
  const length = histogramCells(task);
  // A discrete Gaussian of stddev S is subgaussian with parameter S: all bins of an honest client stay
  // within S sqrt(2 ln(2 d / beta)) of their counts, except with probability beta = 1e-12.
  const tail = histogramNoiseStddev(task) * Math.sqrt(2 * Math.log(2 * length * 1e12));
  return {
    length,
    format: PLAIN_FORMAT,
    check(histogram) {
      if (histogram.every((count) => count >= -tail && count <= LARGEST_BIN + tail)) return;
      throw new ChoraleError(
        'UPDATE_OVER_NORM',
        `histogram: every bin must be a noised count from 0 to ${LARGEST_BIN}`,
      );
    },
  };
}
