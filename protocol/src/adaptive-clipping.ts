import * as v from 'valibot';
import { ChoraleError } from './errors.ts';
import type { TrainingTask } from './training-task.ts';

const Norm = v.pipe(v.number(), v.gtValue(0), v.maxValue(1e6));

/**
 * The clipping norm follows a quantile of the updates' norms from round to round (Andrew, Thakkar, McMahan, Ramaswamy
 * 2021, Algorithm 1). `clippingNorm` is that of the first round, and the round says which is its own.
 */
export const AdaptiveClipping = v.pipe(
  v.strictObject({
    /** Share of the updates that are to be within the norm. */
    quantile: v.pipe(v.number(), v.gtValue(0), v.ltValue(1)),
    /** The norm moves by a factor of exp(-learningRate x (share within it - quantile)) a round; the paper has .2. */
    learningRate: v.pipe(v.number(), v.gtValue(0), v.maxValue(1)),
    /** The norm never leaves these bounds, and no device clips to one that does. */
    minimum: Norm,
    maximum: Norm,
    /**
     * What telling whether an update was within the norm takes of its privacy: that share of 1 / noiseMultiplier^2. The
     * noise on the rest is larger by 1 / sqrt(1 - share), and nothing else is charged.
     */
    indicatorShare: v.pipe(v.number(), v.minValue(0.001), v.maxValue(0.5)),
  }),
  v.check(({ minimum, maximum }) => minimum < maximum, 'maximum must exceed minimum'),
);
export type AdaptiveClipping = v.InferOutput<typeof AdaptiveClipping>;

/**
 * What such a task must not ask for, in words; `null` where it asks for nothing that would not be done.
 *
 * The number that follows an update has to be averaged like it, over updates of one norm, and to be hidden by its noise.
 */
export function adaptiveClippingMistake(task: TrainingTask): string | null {
  const { adaptiveClipping, clippingNorm, privacy, aggregation, asynchronous, algorithm } = task;
  if (adaptiveClipping === undefined) return null;
  const { minimum, maximum } = adaptiveClipping;
  const needs: [boolean, string][] = [
    [clippingNorm >= minimum && clippingNorm <= maximum, 'a clippingNorm within its bounds'],
    [(aggregation?.rule ?? 'mean') === 'mean', 'the aggregation rule "mean"'],
    [asynchronous === undefined, 'rounds of one cohort'],
    [algorithm?.oneShot === undefined, 'an algorithm of several rounds'],
    [privacy.updateMechanism === undefined, 'noise in the place of privacy.updateMechanism'],
  ];
  const missing = needs.find(([holds]) => !holds);
  return missing === undefined ? null : `adaptiveClipping needs ${missing[1]}`;
}

/**
 * How far, in grid steps, the last number of an update is from zero: above it where the update was within the clipping
 * norm, below where it was clipped. At most `gridSteps`, so nothing that holds for a coordinate changes by it.
 *
 * With noise of one stddev S on all numbers, the update of norm G = `gridSteps` and this number b are as private as one
 * Gaussian of multiplier S / (2 sqrt(G^2 + b^2)), of whose inverse square b^2 / (G^2 + b^2) is the number's share. This is
 * the split of theorem 1 of the paper, with the noise of both in one unit.
 */
export function indicatorSteps({ indicatorShare }: AdaptiveClipping, gridSteps: number): number {
  return Math.round(gridSteps * Math.sqrt(indicatorShare / (1 - indicatorShare)));
}

/**
 * The norm that a round's updates are clipped to: what the coordinator says, within the bounds that the device agreed to.
 * Any of them is as private, since the noise is in units of the norm.
 *
 * @param announced of the round's message; in single precision, as it is stored
 * @throws ChoraleError `MESSAGE_MALFORMED` where it is missing, out of bounds, or given where the task has one for all rounds
 */
export function roundClippingNorm(
  { clippingNorm, adaptiveClipping }: TrainingTask,
  announced: number | undefined,
): number {
  if (adaptiveClipping === undefined) {
    if (announced === undefined) return clippingNorm;
    throw new ChoraleError('MESSAGE_MALFORMED', 'round: clippingNorm is that of the study in all rounds');
  }
  const [minimum, maximum] = clippingBounds(adaptiveClipping);
  if (announced !== undefined && announced >= minimum && announced <= maximum) return announced;
  throw new ChoraleError(
    'MESSAGE_MALFORMED',
    `round: clippingNorm must be from ${minimum} to ${maximum}, got ${announced ?? 'none'}`,
  );
}

/** Bounds of the norm in single precision, in which it is stored and announced. */
export function clippingBounds({ minimum, maximum }: AdaptiveClipping): [minimum: number, maximum: number] {
  return [Math.fround(minimum), Math.fround(maximum)];
}
