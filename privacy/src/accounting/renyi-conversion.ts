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
): { epsilon: number; x: number } {
  const { at, value } = leastOverScales((x) => cumulantEpsilon(cumulant(x), x, delta), { start, precise });
  return { epsilon: value, x: at };
}

/**
 * The epsilon that one order 1 + x implies: delta <= e^(K(x) - x epsilon) / x (1 - 1 / (1 + x))^(1 + x), solved for
 * epsilon.
 */
export function cumulantEpsilon(cumulant: number, x: number, delta: number): number {
  return cumulant / x - Math.log1p(1 / x) - (Math.log(delta) + Math.log1p(x)) / x;
}

/**
 * The least value of a function of x > 0 that falls and then rises, by golden section over ln x; a value that is only
 * near the least is still a value. Where it is infinite at the start, it must be so above it.
 */
export function leastOverScales(
  f: (x: number) => number,
  { start, precise = false }: { start: number; precise?: boolean },
): { at: number; value: number } {
  let centre = start;
  let value = f(centre);
  while (value === Infinity && centre > 1e-300) {
    centre /= 4;
    value = f(centre);
  }
  for (const factor of [2, 0.5]) {
    for (let next = f(centre * factor); next < value; next = f(centre * factor)) {
      centre *= factor;
      value = next;
      if (!(centre > 1e-300 && centre < 1e300)) break;
    }
  }
  const golden = (Math.sqrt(5) - 1) / 2;
  let left = Math.log(centre / 2);
  let right = Math.log(centre * 2);
  let width = (right - left) * golden;
  let lower = f(Math.exp(right - width));
  let upper = f(Math.exp(left + width));
  for (let iteration = 0; iteration < (precise ? 40 : 12); iteration += 1) {
    width *= golden;
    if (lower < upper) {
      right = left + width / golden;
      upper = lower;
      lower = f(Math.exp(right - width));
    } else {
      left = right - width / golden;
      lower = upper;
      upper = f(Math.exp(left + width));
    }
  }
  const at = Math.exp(lower < upper ? right - width : left + width);
  const found = Math.min(lower, upper);
  return found < value ? { at, value: found } : { at: centre, value };
}
