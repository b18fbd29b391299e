import { checkProbability } from './checks.ts';

const rootTwoPi = Math.sqrt(2 * Math.PI);
const logRootTwoPi = Math.log(rootTwoPi);

/** The standard normal density, as a logarithm. */
export function logNormalDensity(x: number): number {
  return -x * x * 0.5 - logRootTwoPi;
}

/**
 * Mills' ratio, the upper tail over the density: M(x) = Pr[Z > x] / phi(x). Relative error below 1e-14 for x >= 0;
 * infinite below about -37.
 */
export function millsRatio(x: number): number {
  if (x < 0) return rootTwoPi * Math.exp(x * x * 0.5) - millsRatio(-x);
  if (x < 2.5) {
    // Pr[0 < Z < x] / phi(x) = x + x^3/3 + x^5/(3 5) + ..., all terms positive (Abramowitz and Stegun 26.2.11).
    let term = x;
    let sum = x;
    for (let odd = 3; term > sum * 1e-17; odd += 2) {
      term *= (x * x) / odd;
      sum += term;
    }
    return (rootTwoPi * Math.exp(x * x * 0.5)) / 2 - sum;
  }
  // Laplace's continued fraction M = 1/(x + 1/(x + 2/(x + 3/(x + ...)))) (26.2.14), from a fixed depth upward:
  // its error falls like exp(-2 x sqrt(2 depth)), which is below 1e-30 here.
  let fraction = x;
  for (let index = 120; index >= 1; index -= 1) fraction = x + index / fraction;
  return 1 / fraction;
}

/** Pr[Z <= x] for a standard normal Z, accurate relative to its own size down to the smallest doubles. */
export function normalCdf(x: number): number {
  const tail = Math.exp(logNormalDensity(x)) * millsRatio(Math.abs(x));
  return x < 0 ? tail : 1 - tail;
}

/**
 * The x with Pr[Z <= x] = probability.
 *
 * @param probability in (0, 1)
 * @throws {RangeError} outside
 */
export function normalQuantile(probability: number): number {
  checkProbability({ probability });
  if (probability > 0.5) {
    // 1 - probability is exact here.
    return -normalQuantile(1 - probability);
  }
  // Newton on the logarithm of the tail, which is concave and almost quadratic, so that it converges from anywhere:
  // d/dx ln Pr[Z <= x] = 1 / M(-x).
  const target = Math.log(probability);
  let x = -Math.sqrt(-2 * target) * 0.8;
  for (let iteration = 0; iteration < 60; iteration += 1) {
    const mills = millsRatio(-x);
    const step = (logNormalDensity(x) + Math.log(mills) - target) * mills;
    x = Math.min(0, x - step);
    if (Math.abs(step) <= 4e-16 * (1 + Math.abs(x))) break;
  }
  return x;
}
