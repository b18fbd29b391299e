import type { TrainingTask } from '@chorale/protocol';
import type { Contribution } from './round-book.ts';

/** Grid steps in one clipping norm, by SPEC.md P2. */
const GRID_STEPS = 65_536;

/** The exact weighted sum of contributions, and of their weights. */
export function exactSum(
  contributions: Iterable<Pick<Contribution, 'values' | 'weight'>>,
  length: number,
): { sum: bigint[]; weight: bigint } {
  const sum = Array.from({ length }, () => 0n);
  let weight = 0n;
  for (const contribution of contributions) {
    const factor = BigInt(contribution.weight);
    weight += factor;
    for (let i = 0; i < length; i += 1) sum[i]! += factor * BigInt(contribution.values[i]!);
  }
  return { sum, weight };
}

/** The model after a committed training round: old + what the task's rule makes of the updates, on the grid. */
export function expectedModel(
  before: Float32Array,
  contributions: Iterable<Pick<Contribution, 'values' | 'weight'>>,
  task: TrainingTask,
): Float32Array {
  const mean = aggregate([...contributions], before.length, task);
  return before.map((value, i) => value + mean[i]! * (task.clippingNorm / GRID_STEPS));
}

/**
 * Whether two models are one but for rounding: the last bit of a coordinate, or, where long updates are
 * scaled down, one step of the grid.
 */
export function isSameModel(a: Float32Array, b: Float32Array, task: TrainingTask): boolean {
  const isScaled = task.aggregation?.rule === 'norm-bounded-mean';
  const step = isScaled ? task.clippingNorm / GRID_STEPS : 0;
  return a.length === b.length && a.every((value, i) => isNeighbor(value, b[i]!, step));
}

function isNeighbor(a: number, b: number, step: number): boolean {
  return Math.abs(a - b) <= step + 2 ** -23 * Math.max(2 ** -20, Math.abs(a), Math.abs(b));
}

function aggregate(
  contributions: readonly Pick<Contribution, 'values' | 'weight'>[],
  length: number,
  { aggregation = { rule: 'mean' } }: TrainingTask,
): number[] {
  switch (aggregation.rule) {
    case 'mean': {
      const { sum, weight } = exactSum(contributions, length);
      return sum.map((total) => Number(total) / Number(weight));
    }
    case 'coordinate-median':
      return middle(contributions, length, Math.ceil(contributions.length / 2) - 1);
    case 'trimmed-mean': {
      const most = Math.ceil(contributions.length / 2) - 1;
      const share = Math.ceil(aggregation.trimmedShare * contributions.length - 1e-9);
      return middle(contributions, length, Math.min(share, most));
    }
    case 'norm-bounded-mean': {
      const bounded = contributions.map(({ values, weight: own }) => ({
        values: shorten(values, aggregation.normBound * GRID_STEPS),
        weight: own,
      }));
      const { sum, weight } = exactSum(bounded, length);
      return sum.map((total) => Number(total) / Number(weight));
    }
  }
}

/** The mean of each coordinate's values without so many of the smallest and of the largest. */
function middle(contributions: readonly Pick<Contribution, 'values'>[], length: number, omitted: number): number[] {
  return Array.from({ length }, (_, i) => {
    const sorted = contributions.map(({ values }) => values[i]!).sort((a, b) => a - b);
    const kept = sorted.slice(omitted, sorted.length - omitted);
    return kept.reduce((sum, value) => sum + value, 0) / kept.length;
  });
}

/** A vector scaled down to a norm, towards zero. */
function shorten(values: Int32Array, bound: number): Int32Array {
  const norm = Math.hypot(...values);
  return norm <= bound ? values : values.map((value) => Math.trunc((value * bound) / norm));
}
