import { gaussianEpsilon } from '@chorale/privacy';
import { betaCdf, normalCdf, normalQuantile } from '@chorale/privacy/numerics';

/**
 * Guesses about canaries: records of which each was put into a training's data, or left out, by a fair coin of its own.
 * Whoever sees the result then guesses the coins of those that it is surest about.
 */
export interface CanaryGuesses {
  /** How many coins were tossed, integer >= 1. */
  readonly canaries: number;
  /** How many were guessed, integer in [1, canaries]. */
  readonly guesses: number;
  /** How many guesses were right, integer in [0, guesses]. */
  readonly correct: number;
  /** In [0, 1). */
  readonly delta: number;
  /** Of the lower bound, in (0, 1). */
  readonly confidence: number;
}

const largestEpsilon = 40;

/**
 * The epsilon that a training has at least, given its delta, from one run with canaries; 0 where nothing is shown.
 * Add or remove one record; whatever the mechanism is.
 *
 * @throws {RangeError} outside the ranges of `CanaryGuesses`
 * @see Steinke, Nasr and Jagielski, Privacy auditing with one (1) training run, NeurIPS 2023, theorem 5.2
 */
export function oneRunEpsilonLowerBound(counts: CanaryGuesses): number {
  checkGuesses(counts);
  return largestRefuted(largestEpsilon, (epsilon) => tailBound(counts, epsilon) < 1 - counts.confidence);
}

/**
 * Pr[as many right guesses], at most, for an (epsilon, delta) mechanism. With f(v) = Pr[Binomial(r, q) >= v] and
 * q = e^eps / (e^eps + 1), the chance to be right about one coin, it is f(v) + 2 m delta max_i (f(v - i) - f(v)) / i.
 */
function tailBound({ canaries, guesses, correct, delta }: CanaryGuesses, epsilon: number): number {
  const q = 1 / (1 + Math.exp(-epsilon));
  const tail = (count: number): number => (count <= 0 ? 1 : betaCdf(q, count, guesses - count + 1));
  const base = tail(correct);
  if (delta === 0) return base;
  let steepest = 0;
  // Differences of f are at most 1, so that steps beyond 1 / steepest cannot be steeper.
  for (let step = 1; step <= correct && step * steepest <= 1; step += 1) {
    steepest = Math.max(steepest, (tail(correct - step) - base) / step);
  }
  return base + 2 * canaries * delta * steepest;
}

/**
 * As `oneRunEpsilonLowerBound`, for trainings whose loss is that of a Gaussian mechanism: the bound is then closer, and
 * for other mechanisms wrong. The largest Gaussian that the guesses refute, at this delta.
 *
 * @param counts with delta > 0
 * @throws {RangeError} outside the ranges of `CanaryGuesses`
 * @see Mahloujifar, Melis and Chaudhuri, Auditing f-differential privacy in one run, 2024, theorem 9 and algorithm 3
 */
export function oneRunGaussianEpsilonLowerBound(counts: CanaryGuesses): number {
  checkGuesses(counts);
  if (counts.delta === 0) throw new RangeError(`delta must be > 0, got ${counts.delta}`);
  const shift = largestRefuted(largestShift, (candidate) => isRefuted(counts, candidate));
  return shift === 0 ? 0 : gaussianEpsilon({ noiseMultiplier: 1 / shift, steps: 1, delta: counts.delta });
}

const largestShift = 20;

/**
 * Whether a mechanism with the trade-off of two unit Gaussians `shift` apart makes so many right guesses too rarely.
 *
 * For a random canary and n right guesses in all, let
 *   right(i) = Pr[its guess is right, n >= i] and wrong(i) = Pr[its guess is wrong, n >= i].
 * Its coin turns "wrong, and i - 1 others right" into "right, and i - 1 others right", so that
 *   right(i) <= G(wrong(i - 1)) with G(x) = Phi(Phi^-1(x) + shift), hence wrong(i - 1) >= Phi(Phi^-1(right(i)) - shift).
 * Both are sums over n, of n / m and (r - n) / m times Pr[n], so that one more term adds to them in the ratio
 *   (right(i) - right(i + 1)) : (wrong(i) - wrong(i + 1)) = i : (r - i).
 * From Pr[n >= v] at its significance on down to 0 both are thus at least what is computed, and right(0) + wrong(0) is
 * r / m exactly: more than that is impossible.
 */
function isRefuted({ canaries, guesses, correct, confidence }: CanaryGuesses, shift: number): boolean {
  const significance = 1 - confidence;
  let right = (significance * correct) / canaries;
  let wrong = (significance * (guesses - correct)) / canaries;
  for (let count = correct - 1; count >= 0; count -= 1) {
    if (right + wrong > guesses / canaries) return true;
    const next = Math.max(wrong, normalCdf(normalQuantile(right) - shift));
    right += (count / (guesses - count)) * (next - wrong);
    wrong = next;
  }
  return right + wrong > guesses / canaries;
}

// Larger values are less often refuted: the boundary, to the last places of a double.
function largestRefuted(largest: number, refuted: (value: number) => boolean): number {
  if (!refuted(0)) return 0;
  let low = 0;
  let high = largest;
  for (;;) {
    const middle = (low + high) / 2;
    if (!(middle > low && middle < high)) return low;
    if (refuted(middle)) low = middle;
    else high = middle;
  }
}

function checkGuesses({ canaries, guesses, correct, delta, confidence }: CanaryGuesses): void {
  if (!Number.isSafeInteger(canaries) || canaries < 1) {
    throw new RangeError(`canaries must be an integer >= 1, got ${canaries}`);
  }
  if (!Number.isSafeInteger(guesses) || guesses < 1 || guesses > canaries) {
    throw new RangeError(`guesses must be an integer in [1, ${canaries}], got ${guesses}`);
  }
  if (!Number.isSafeInteger(correct) || correct < 0 || correct > guesses) {
    throw new RangeError(`correct must be an integer in [0, ${guesses}], got ${correct}`);
  }
  if (!(delta >= 0 && delta < 1)) throw new RangeError(`delta must be in [0, 1), got ${delta}`);
  if (!(confidence > 0 && confidence < 1)) throw new RangeError(`confidence must be in (0, 1), got ${confidence}`);
}
