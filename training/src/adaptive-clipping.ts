import { nextClippingNorm } from '@chorale/privacy';
import {
  type AdaptiveClipping,
  clippingBounds,
  GRID_STEPS,
  indicatorSteps,
  type TrainingTask,
} from '@chorale/protocol';
import type { ReleasedUpdates, ServerModel } from './server-rule.ts';

// The server's half of adaptive clipping (Andrew, Thakkar, McMahan, Ramaswamy 2021, "Differentially Private Learning with
// Adaptive Clipping", Algorithm 1). It looks at nothing but what was released, so no charge changes.

/** The L2 bound on the updates of the round that starts from a model: the last number that the server remembers with it. */
export function clippingNormOf(task: TrainingTask, { optimizer }: { optimizer?: ServerModel['optimizer'] }): number {
  if (task.adaptiveClipping === undefined) return task.clippingNorm;
  const norm = optimizer?.at(-1);
  if (norm === undefined) throw new RangeError('optimizer must hold the clipping norm, got none');
  return norm;
}

/**
 * The bound for the round that follows, in single precision.
 *
 * Noise can take the released share of updates within the norm out of [0, 1]. It is limited to that, so that neither noise
 * nor one client moves the norm by more than a factor of exp(learningRate).
 *
 * @param released whose last number is the sum of `indicatorSteps` by weight, positive for those within the norm
 */
export function adaptedClippingNorm(
  adaptiveClipping: AdaptiveClipping,
  clippingNorm: number,
  { sum, totalWeight }: ReleasedUpdates,
): number {
  const { quantile, learningRate } = adaptiveClipping;
  const mean = sum.at(-1)! / (totalWeight * indicatorSteps(adaptiveClipping, GRID_STEPS));
  const fraction = Math.min(1, Math.max(0, (1 + mean) / 2));
  const next = nextClippingNorm({ clippingNorm, fraction, target: quantile, rate: learningRate });
  const [minimum, maximum] = clippingBounds(adaptiveClipping);
  return Math.fround(Math.min(maximum, Math.max(minimum, next)));
}
