import { checkPositive, checkPositiveInteger, checkProbability } from '../numerics/checks.ts';
import { cumulantEpsilon, epsilonOfCumulant } from './renyi-conversion.ts';

/**
 * An epsilon for which releases of integer vectors with Skellam noise, a difference of two Poisson numbers, are
 * (epsilon, delta)-private, for the relation of the sensitivity. Noises of several clients add up to one of the sum of
 * their variances, whoever drops out.
 *
 * @param noiseStddev of the whole noise on one coordinate, on the integer grid; finite and > 0
 * @param sensitivity L2, on the integer grid; finite and > 0
 * @param dimension coordinates of one release; integer >= 1
 * @param steps integer >= 1, 1 unless given; each release may depend on the ones before
 * @param delta in (0, 1)
 * @throws {RangeError} outside these ranges
 * @see Agarwal, Kairouz and Liu, The Skellam mechanism for differentially private federated learning, NeurIPS 2021,
 *   corollary 3.6
 */
export function skellamEpsilon({
  noiseStddev,
  sensitivity,
  dimension,
  steps = 1,
  delta,
}: {
  noiseStddev: number;
  sensitivity: number;
  dimension: number;
  steps?: number | undefined;
  delta: number;
}): number {
  checkPositive({ noiseStddev, sensitivity });
  checkPositiveInteger({ steps, dimension });
  checkProbability({ delta });
  const variance = noiseStddev ** 2;
  const squared = sensitivity ** 2;
  // Of the differences with this L2 norm; integers are no larger than their squares.
  const l1 = Math.min(Math.sqrt(dimension) * sensitivity, squared);
  // The divergence of order a is at most a squared / (2 variance) + the smaller of two excesses over the Gaussian's.
  const excesses = [
    (order: number): number => ((2 * order - 1) * squared + 6 * l1) / (4 * variance ** 2),
    (): number => (3 * l1) / (2 * variance),
  ];
  const epsilons = excesses.flatMap((excess) => {
    const cumulant = (x: number): number => steps * x * (((x + 1) * squared) / (2 * variance) + excess(x + 1));
    const [, x] = epsilonOfCumulant(cumulant, { delta, precise: true });
    // Proven for integer orders only; the best of these is next to the best of all.
    return [Math.max(1, Math.floor(x)), Math.ceil(x)].map((whole) => cumulantEpsilon(cumulant(whole), whole, delta));
  });
  return Math.max(0, Math.min(...epsilons));
}
