import { GRID_STEPS, type ServerRule } from '@chorale/protocol';
import type { ReleasedUpdates } from './server-rule.ts';

// Rules of the server that remember earlier rounds. They look at nothing but what was released, so no charge changes.

type MomentumRule = Extract<ServerRule, { rule: 'momentum' }>;
type AdaptiveRule = Extract<ServerRule, { rule: 'adam' | 'yogi' }>;

/** A model with what the rule remembers: `[parameters]` of momentum, then, of an adaptive rule, as many second moments. */
export type OptimizedModel = { parameters: Float32Array<ArrayBuffer>; optimizer: Float32Array<ArrayBuffer> };

/**
 * FedAvgM (Hsu, Qi, Brown 2019, "Measuring the Effects of Non-Identical Data Distribution for Federated Visual
 * Classification", section 3.2): with the mean update D,
 *
 *   m <- momentum m + D,   x <- x + learningRate m,   m = 0 at first.
 */
export function momentumStep(
  { momentum, learningRate }: MomentumRule,
  { parameters, optimizer }: OptimizedModel,
  { sum, totalWeight }: ReleasedUpdates,
  clippingNorm: number,
): OptimizedModel {
  const next = emptyLike({ parameters, optimizer });
  for (let i = 0; i < parameters.length; i += 1) {
    const update = (sum[i]! / totalWeight) * (clippingNorm / GRID_STEPS);
    const first = momentum * optimizer[i]! + update;
    next.optimizer[i] = first;
    next.parameters[i] = parameters[i]! + learningRate * first;
  }
  return next;
}

/** Momentum of zero. */
export function initialMomentum(parameters: number): Float32Array<ArrayBuffer> {
  return new Float32Array(parameters);
}

/**
 * FedAdam and FedYogi (Reddi et al. 2021, "Adaptive Federated Optimization", Algorithm 2): with the mean update D,
 *
 *   m <- beta1 m + (1 - beta1) D,
 *   v <- beta2 v + (1 - beta2) D^2                  (Adam)
 *   v <- v - (1 - beta2) D^2 sign(v - D^2)          (Yogi)
 *   x <- x + learningRate m / (sqrt(v) + tau),
 *
 * coordinate by coordinate and, as there, without a correction for the first rounds. v never falls below zero: Adam's is
 * a mean of squares, Yogi's falls by less than itself.
 */
export function adaptiveStep(
  { rule, beta1, beta2, learningRate, tau }: AdaptiveRule,
  { parameters, optimizer }: OptimizedModel,
  { sum, totalWeight }: ReleasedUpdates,
  clippingNorm: number,
): OptimizedModel {
  const next = emptyLike({ parameters, optimizer });
  const length = parameters.length;
  for (let i = 0; i < length; i += 1) {
    const update = (sum[i]! / totalWeight) * (clippingNorm / GRID_STEPS);
    const square = update * update;
    const first = beta1 * optimizer[i]! + (1 - beta1) * update;
    const before = optimizer[length + i]!;
    const second =
      rule === 'adam'
        ? beta2 * before + (1 - beta2) * square
        : before - (1 - beta2) * square * Math.sign(before - square);
    next.optimizer[i] = first;
    next.optimizer[length + i] = second;
    next.parameters[i] = parameters[i]! + (learningRate * first) / (Math.sqrt(second) + tau);
  }
  return next;
}

/** First moments of zero, and second ones of tau squared, the least that Algorithm 2 may start from. */
export function initialMoments({ tau }: AdaptiveRule, parameters: number): Float32Array<ArrayBuffer> {
  return new Float32Array(2 * parameters).fill(tau ** 2, parameters);
}

function emptyLike({ parameters, optimizer }: OptimizedModel): OptimizedModel {
  return { parameters: new Float32Array(parameters.length), optimizer: new Float32Array(optimizer.length) };
}
