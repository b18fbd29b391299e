import { fallingRoot } from '../numerics/search.ts';

/**
 * The smallest epsilon >= 0 with delta(epsilon) <= delta: from above, by a relative 1e-11 in delta or 1e-14 in epsilon.
 *
 * @param deltaAt falling; at `largest` not above delta
 */
export function smallestEpsilon(deltaAt: (epsilon: number) => number, delta: number, largest: number): number {
  // The logarithm of delta is almost a parabola, so that secants find its zero fast.
  const excessAt = (epsilon: number): number => Math.log(deltaAt(epsilon) / delta);
  if (!(excessAt(0) > 0)) return 0;
  return fallingRoot(excessAt, [0, largest], 5e-12, (low, high) => high - low <= 1e-14 * high);
}
