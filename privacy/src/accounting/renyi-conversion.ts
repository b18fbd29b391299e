/**
 * The smallest epsilon that a Renyi divergence curve implies at this delta, over all orders above 1.
 *
 * @param cumulant ln E[e^(x loss)] under the true data for x > 0, which is x times the divergence of order 1 + x;
 *   infinite where there is none
 * @param delta in (0, 1)
 * @param start the x to look around first
 * @returns the epsilon, maybe below 0, and the x that gave it
 * @see Canonne, Kamath and Steinke, The discrete Gaussian for differential privacy, NeurIPS 2020, proposition 12
 */
export function epsilonOfCumulant(
  cumulant: (x: number) => number,
  { delta, start = 1, precise = false }: { delta: number; start?: number; precise?: boolean },
): readonly [epsilon: number, x: number] {
  return leastOverScales((at) => cumulantEpsilon(cumulant(at), at, delta), { start, precise });
}

/**
 * The epsilon that one order 1 + x implies: delta <= e^(K(x) - x epsilon) / x (1 - 1 / (1 + x))^(1 + x), solved for
 * epsilon.
 */
export function cumulantEpsilon(cumulant: number, x: number, delta: number): number {
  return cumulant / x - Math.log1p(1 / x) - (Math.log(delta) + Math.log1p(x)) / x;
}

/**
 * The least value of a function of x > 0 that falls and then rises, by ever smaller factors up and down; a value that is
 * only near the least is still a value. Where it is infinite at the start, it must be so above it.
 */
export function leastOverScales(
  f: (x: number) => number,
  { start, precise = false }: { start: number; precise?: boolean },
): [value: number, at: number] {
  let at = start;
  let value = f(at);
  for (; value === Infinity && at > 1e-300; value = f(at)) at /= 4;
  for (let factor = 2; factor > 1 + (precise ? 1e-7 : 1e-3); factor = Math.sqrt(factor)) {
    for (const step of [factor, 1 / factor]) {
      for (let next = f(at * step); next < value && at > 1e-300 && at < 1e300; next = f(at * step)) {
        at *= step;
        value = next;
      }
    }
  }
  return [value, at];
}
