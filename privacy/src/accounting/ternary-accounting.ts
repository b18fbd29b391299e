import { checkIn, checkPositive } from '../numerics/checks.ts';
import { type Guarantee, pureGuarantee, type PureSteps } from './guarantee.ts';
import { composedEpsilon } from './lattice-composition.ts';
import { epsilonOfLosses } from './loss-distribution.ts';

/**
 * A release whose log ratio between any two inputs is +epsilon, 0 or -epsilon: randomized response, subset selection,
 * unary encoding, local hashing and the Hadamard response, and, as the worst of its kind, any pure mechanism.
 */
export interface TernaryLoss {
  /** Finite and > 0. */
  readonly epsilonPerStep: number;
  /** Pr[the log ratio is not 0], in (0, 1]; see `informativeProbability`. More of it is never more private. */
  readonly informative: number;
}

/** Releases of one ternary loss, for one delta. */
export type TernarySteps = TernaryLoss & PureSteps;

/**
 * How often a report tells its letter from another one at all: the `informative` of a mechanism that supports a letter
 * with probability p where it is true and q where it is not, and whose losses are +-epsilon and 0.
 *
 * Let v and w be two letters, A the reports that speak for v against w. As losses there are all +epsilon,
 * Pr[A | w] = e^-epsilon Pr[A | v]; by symmetry the reports that speak for w have Pr[A | w] under v. So
 *   informative = Pr[A | v] (1 + e^-epsilon) and p - q = Pr[A | v] - Pr[A | w] = Pr[A | v] (1 - e^-epsilon),
 * since reports that support both or neither cancel; the quotient is 1 / tanh(epsilon / 2). With e = e^epsilon it is
 *   (e + 1) / (e + k - 1)                               for randomized response of k options (1 for two),
 *   s (k - s) (e + 1) / ((k - 1) (s e + k - s))         for subsets of s of k options,
 *   1 / 2                                               for optimized unary encoding and the Hadamard response,
 *   (1 - 1 / g) (e + 1) / (e + g - 1)                   for local hashing to g values.
 *
 * It also holds for any pure mechanism if p - q is the largest total variation distance between two of its inputs:
 * its trade-off curve lies above the lines of slope -e, -1 and -1 / e that bound the ternary loss's (Blackwell).
 *
 * @param epsilon finite and > 0
 * @param p in [0, 1], above q
 * @param q in [0, p)
 * @throws {RangeError} outside these ranges, or for a difference that epsilon does not allow
 */
export function informativeProbability({ epsilon, p, q }: { epsilon: number; p: number; q: number }): number {
  checkPositive({ epsilon });
  const largest = Math.tanh(epsilon / 2);
  checkIn('q', q, '[0, 1]');
  // Rounding may exceed the largest difference by some units in the last place.
  checkIn('p', p, `(${q}, ${Math.min(1, q + largest * (1 + 1e-9))}]`);
  return Math.min(1, (p - q) / largest);
}

/**
 * The composition of ternary losses, replace-one: exact.
 *
 * @throws {RangeError} outside the ranges of `TernarySteps`
 */
export function accountTernary(ternary: TernarySteps): Guarantee {
  checkTernary(ternary);
  return pureGuarantee(ternary, 'trinomial', () => ternaryEpsilon(ternary));
}

/** @throws {RangeError} outside the ranges of `TernaryLoss` */
export function checkTernary({ epsilonPerStep, informative }: TernaryLoss): void {
  checkPositive({ epsilonPerStep });
  checkIn('informative', informative, '(0, 1]');
}

// A million steps take some hundredths of a second.
export const mostExactSteps = 1e6;

/** Exact up to a million steps, then an upper bound. Arguments are checked by the callers. */
export function ternaryEpsilon(ternary: TernarySteps): number {
  const { epsilonPerStep, informative, steps, delta } = ternary;
  if (steps <= mostExactSteps) {
    // Losses below 0 add nothing at an epsilon >= 0.
    return epsilonOfLosses(trinomialTop(ternary), (index) => index * epsilonPerStep, delta);
  }
  const up = informative / (1 + Math.exp(-epsilonPerStep));
  const probabilities = Float64Array.of(up * Math.exp(-epsilonPerStep), 1 - informative, up);
  return composedEpsilon([probabilities, -epsilonPerStep, epsilonPerStep], steps, delta);
}

/**
 * Pr[the sum of losses is j epsilonPerStep], at j = 0 .. steps; for -j it is e^(-j epsilonPerStep) times that for j.
 *
 * With u, c and d the probabilities of +, 0 and -, F_i = Pr[n - i] is a coefficient of F = (u + c x + d x^2)^n. Euler's
 * recurrence, from comparing those of (u + c x + d x^2) F' with those of n (c + 2 d x) F, is
 *   (i + 1) u F_{i+1} = (n - i) c F_i + (2 n - i + 1) d F_{i-1},
 * and up to i = n all its terms are positive, so that nothing cancels.
 */
export function trinomialTop({
  epsilonPerStep,
  informative,
  steps,
}: TernaryLoss & { readonly steps: number }): Float64Array {
  const probabilities = new Float64Array(steps + 1);
  const up = informative / (1 + Math.exp(-epsilonPerStep));
  const downRatio = Math.exp(-epsilonPerStep);
  const noneRatio = (1 - informative) / up;
  let previous = 0;
  let current = 1;
  // The first coefficients may lie far below the doubles; the true ones are these times e^logScale.
  let logScale = steps * Math.log(up);
  let scale = Math.exp(logScale);
  for (let index = 0; index <= steps; index += 1) {
    probabilities[steps - index] = current * scale;
    const next = ((steps - index) * noneRatio * current + (2 * steps - index + 1) * downRatio * previous) / (index + 1);
    previous = current;
    current = next;
    if (current > rescaleBeyond) {
      previous /= rescaleBeyond;
      current /= rescaleBeyond;
      logScale += Math.log(rescaleBeyond);
      scale = Math.exp(logScale);
    }
  }
  return probabilities;
}

const rescaleBeyond = 1e100;
