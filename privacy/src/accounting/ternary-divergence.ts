import type { TernaryLoss } from './ternary-accounting.ts';

/**
 * ln E[e^(x loss)] of a ternary loss for x > 0, which is x times the Renyi divergence of order 1 + x; the larger
 * x epsilon where it would overflow.
 *
 * With u, c and d = u e^-epsilon the probabilities of +epsilon, 0 and -epsilon, u e^(x epsilon) + c + d e^(-x epsilon) is
 * 1 + informative (X - 1) for X = cosh((x + 1/2) epsilon) / cosh(epsilon / 2), and
 *   X - 1 = 2 sinh((x + 1) epsilon / 2) sinh(x epsilon / 2) / cosh(epsilon / 2).
 */
export function ternaryCumulant(x: number, { epsilonPerStep, informative }: TernaryLoss): number {
  if ((x + 1) * epsilonPerStep > 700) return x * epsilonPerStep;
  return Math.log1p(informative * growth(x, epsilonPerStep));
}

// X - 1, above.
function growth(x: number, epsilon: number): number {
  return (2 * Math.sinh(((x + 1) * epsilon) / 2) * Math.sinh((x * epsilon) / 2)) / Math.cosh(epsilon / 2);
}

/**
 * A rho for which a ternary loss is rho-zCDP: at most 0.4% above the smallest, and at most epsilon^2 / 2.
 *
 * It bounds K(x) / (x (x + 1)) for all x > 0, where K is the cumulant:
 *   up to a first x, by informative (X - 1) / (x (x + 1)) there: cosh(epsilon sqrt(y)) is convex in y = (x + 1/2)^2, so
 *     its slopes from y = 1/4 grow;
 *   between two points of a grid, by K at the second and x (x + 1) at the first, as both grow;
 *   beyond the last, by epsilon / (x + 1), as K(x) <= x epsilon.
 *
 * @see Bun and Steinke, Concentrated differential privacy, TCC 2016, definition 1.1 and proposition 1.4
 */
export function ternaryRho(loss: TernaryLoss): number {
  const { epsilonPerStep, informative } = loss;
  let x = 0.002 / Math.max(0.2, epsilonPerStep);
  let rho = (informative * growth(x, epsilonPerStep)) / (x * (x + 1));
  while (epsilonPerStep / (x + 1) > rho) {
    const next = x * 1.002;
    rho = Math.max(rho, ternaryCumulant(next, loss) / (x * (x + 1)));
    x = next;
  }
  return Math.min(rho, epsilonPerStep ** 2 / 2);
}
