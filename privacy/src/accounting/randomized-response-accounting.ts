import { convolutionPower, epsilonOfLosses, longestDistribution } from './loss-distribution.ts';

/**
 * The smallest epsilon for which `steps` k-ary randomized responses, all of whose answers may differ, are
 * (epsilon, delta)-private. Exact up to rounding; arguments are checked by the callers.
 */
export function randomizedResponseEpsilon({
  options,
  epsilonPerStep,
  steps,
  delta,
}: {
  options: number;
  epsilonPerStep: number;
  steps: number;
  delta: number;
}): number {
  if (steps > longestDistribution) return epsilonPerStep * steps;
  // One report tells the true answer from another with a log ratio of +e (p), -e (q) or 0 (the k - 2 others), so the
  // sum over steps is a multiple of e.
  const q = 1 / (Math.exp(epsilonPerStep) + options - 1);
  const p = Math.exp(epsilonPerStep) * q;
  const probabilities = convolutionPower(Float64Array.of(q, (options - 2) * q, p), steps);
  return epsilonOfLosses({ probabilities, lossAt: (index) => (index - steps) * epsilonPerStep }, delta);
}
