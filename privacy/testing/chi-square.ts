import { logGamma } from '../src/numerics/beta-distribution.ts';

/** The standard errors that a correct sampler exceeds once in 1e9. */
export const z = 6.11;

/** Pr[chi-square with these degrees of freedom > statistic]: the regularized upper incomplete gamma function. */
function chiSquareTail(statistic: number, degreesOfFreedom: number): number {
  const a = degreesOfFreedom / 2;
  const x = statistic / 2;
  if (x <= 0) return 1;
  const front = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let index = 1; term > sum * 1e-16; index += 1) {
      term *= x / (a + index);
      sum += term;
    }
    return 1 - front * sum;
  }
  // Lentz's method on the continued fraction of Gamma(a, x).
  let b = x + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let value = d;
  for (let index = 1; index < 10_000; index += 1) {
    const coefficient = -index * (index - a);
    b += 2;
    d = 1 / (coefficient * d + b);
    c = b + coefficient / c;
    const change = c * d;
    value *= change;
    if (Math.abs(change - 1) < 1e-15) break;
  }
  return front * value;
}

/** The p-value of counts against probabilities; neighbouring cells are merged until each expects 5 or more. */
export function fitPValue(counts: readonly number[], probabilities: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const cells: { count: number; expected: number }[] = [];
  let open = { count: 0, expected: 0 };
  for (const [index, count] of counts.entries()) {
    open = { count: open.count + count, expected: open.expected + probabilities[index]! * total };
    if (open.expected >= 5) {
      cells.push(open);
      open = { count: 0, expected: 0 };
    }
  }
  const last = cells.at(-1)!;
  last.count += open.count;
  last.expected += open.expected;
  const statistic = cells.reduce((sum, { count, expected }) => sum + (count - expected) ** 2 / expected, 0);
  return chiSquareTail(statistic, cells.length - 1);
}
