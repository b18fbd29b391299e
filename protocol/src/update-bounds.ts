import { invitationLimit, type TrainingTask } from './training-task.ts';
import { updateFormat } from './update-format.ts';
import { stalenessWeight, updateLength, updateNoiseStddev, updateNorm } from './update.ts';

/** ln(1/beta) for the beta with which an honest client exceeds a bound. */
const LOG_RARITY = Math.log(1e12);

/**
 * Largest L2 norm, in grid steps, of a noised update that an honest client sends, except with probability
 * below 1e-12. Discrete Gaussian noise is subgaussian with its stddev S as parameter (Canonne, Kamath,
 * Steinke 2020, Proposition 1), so its norm exceeds S (sqrt(d) + sqrt(2 ln(1/beta))) with probability
 * below beta (Hsu, Kakade, Zhang 2012). Before it is rounded to a coarser grid: see `afterRounding`.
 */
export function noisedNormBound(task: TrainingTask): number {
  const length = updateLength(task);
  return updateNorm(task) + updateNoiseStddev(task) * (Math.sqrt(length) + Math.sqrt(2 * LOG_RARITY));
}

/** What such a bound becomes by rounding at random to the grid of the task's format, with the same probability to exceed it. */
export function afterRounding(task: TrainingTask, bound: number): number {
  const { unit } = updateFormat(task);
  return unit === 1 ? bound : roundedNormBound(bound, { unit, length: updateLength(task) });
}

/**
 * No report of PrivUnit is longer, in grid steps, within the limits that a manifest has: the longest, of most parameters
 * at the smallest epsilon, has some 2^27.5. For what is decided without making the mechanism.
 */
const LONGEST_REPORT = 2 ** 28;

/**
 * Bound on a vector's norm once each coordinate was rounded at random to one of the two multiples of `unit` around
 * it, on average to itself (Kairouz, Liu, Steinke 2021, Proposition 22): certain, or with the probability above.
 */
function roundedNormBound(norm: number, { unit, length }: { unit: number; length: number }): number {
  const c = norm / unit;
  const root = Math.sqrt(length);
  const likely = Math.sqrt(c ** 2 + length / 4 + Math.sqrt(2 * LOG_RARITY) * (c + root / 2));
  return unit * Math.min(c + root, likely);
}

/**
 * Integers add up exactly in doubles as long as weight x norm of all vectors adds up to no more: 2^53, less what
 * rounding can hide of norms and of their sum, one part in 2^31.
 */
export const LARGEST_EXACT_SUM = 2 ** 53 - 2 ** 22;

/**
 * Largest magnitude that the weighted sum of a whole round's updates can reach in one coordinate. On several nodes a round can hold more than it is complete with, namely all that
 * were under way when the last one of those came in.
 */
export function cohortSumBound(task: TrainingTask): number {
  const largestWeight = Math.max(1, ...Object.values(task.weights ?? {})) * stalenessWeight(task, 0);
  const limit = invitationLimit(task);
  // A buffer holds updates of clients that do not compute any longer.
  const most = task.asynchronous === undefined ? limit : task.cohort.size + limit;
  const longest =
    task.privacy.updateMechanism === undefined ? afterRounding(task, noisedNormBound(task)) : LONGEST_REPORT;
  return most * largestWeight * longest;
}

/**
 * Bytes that the coordinator must hold of the updates of one round: none where it adds them up as they arrive,
 * all of them where the rule looks for the middle ones.
 */
export function heldUpdateBytes(task: TrainingTask): number {
  switch (task.aggregation?.rule) {
    case undefined:
    case 'mean':
    case 'norm-bounded-mean':
      return 0;
    case 'coordinate-median':
    case 'trimmed-mean':
      return task.cohort.size * updateLength(task) * 4;
  }
}
