import {
  GRID_STEPS,
  histogramCells,
  histogramSensitivity,
  type TrainingTask,
  updateLength,
  updateSensitivity,
} from '@chorale/protocol';
import { Aggregator } from './aggregator.ts';
import type { Combination, Combined } from './combination.ts';
import { contributionRule } from './contribution.ts';
import { allButTheMedian, MiddleValues, trimmed } from './middle-values.ts';
import { NormBoundedSum } from './norm-bounded-sum.ts';
import { WeightedSum } from './weighted-sum.ts';

/** What may be released of a round: of at least a quorum, by clients that are each in it once. */
export type Aggregate = Combined & { contributions: number };

/** The contributions to one round, on their way to one aggregate. */
export interface Aggregation {
  /**
   * Adds one participant's vector, once. A vector that is refused leaves everything as it was.
   * @param contribution.bytes the vector as `encodeIntegers` writes it, at any byte offset; not kept
   * @param contribution.weight public, an integer >= 1; 1 where the rule has no weights
   * @throws ChoraleError `UPDATE_DUPLICATE` for a second one; `UPDATE_SHAPE`; `UPDATE_OVER_NORM`;
   *   `ROUND_CLOSED` after the end or when full; `INTERNAL` when the sum could no longer be sure to be exact.
   */
  add(contribution: { participant: string; bytes: Uint8Array; weight: number }): void;
  /** Whether this participant's vector was added, and it was these very bytes; known after the end as well. */
  holds(participant: string, bytes: Uint8Array): boolean;
  readonly contributions: number;
  /**
   * Gives the result away and frees the rest; nothing can be added or released afterwards.
   * @throws ChoraleError `INTERNAL` below the quorum, when called again or after `dispose`, and when the result
   *   could not be computed: one aggregate, once. [R7]
   */
  release(options: { quorum: number }): Promise<Aggregate>;
  /** Ends it without a result and frees its memory at once: a round that was abandoned. May be called at any time. */
  dispose(): void;
}

/** An empty aggregation for a round of this kind, by the task's rule. */
export function createAggregation(task: TrainingTask, kind: 'train' | 'evaluate'): Aggregation {
  return new Aggregator({
    contribution: contributionRule(task, kind),
    combination: kind === 'train' ? updateCombination(task) : histogramCombination(task),
    largestWeight: kind === 'train' && isWeighted(task) ? Number.MAX_SAFE_INTEGER : 1,
  });
}

/** Groups have weights under the mean alone; staleness has under all rules that asynchronous training may have. */
function isWeighted({ aggregation, asynchronous }: TrainingTask): boolean {
  return asynchronous !== undefined || (aggregation?.rule ?? 'mean') === 'mean';
}

/** Histograms are counts: whatever rule the updates have, theirs is the plain sum. */
function histogramCombination(task: TrainingTask): Combination {
  return new WeightedSum({ length: histogramCells(task), sensitivity: histogramSensitivity(task) });
}

function updateCombination(task: TrainingTask): Combination {
  const length = updateLength(task);
  const capacity = task.cohort.size;
  const aggregation = task.aggregation ?? { rule: 'mean' };
  switch (aggregation.rule) {
    case 'mean':
      return new WeightedSum({ length, sensitivity: updateSensitivity(task) });
    case 'norm-bounded-mean':
      return new NormBoundedSum({ length, bound: aggregation.normBound * GRID_STEPS });
    case 'coordinate-median':
      return new MiddleValues({ capacity, omitted: allButTheMedian });
    case 'trimmed-mean':
      return new MiddleValues({ capacity, omitted: (count) => trimmed(aggregation.trimmedShare, count) });
  }
}
