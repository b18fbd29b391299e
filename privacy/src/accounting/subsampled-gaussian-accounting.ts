import { checkOneOf, checkPositiveInteger, checkProbability } from '../numerics/checks.ts';
import { normalQuantile } from '../numerics/normal-distribution.ts';
import { gaussianEpsilon } from './gaussian-accounting.ts';
import type { Guarantee, PrivacyUnit } from './guarantee.ts';
import { composedEpsilon, cumulantOf, windowOf } from './lattice-composition.ts';
import { epsilonOfCumulant } from './renyi-conversion.ts';
import { checkSubsampledGaussian, type SubsampledGaussian } from './sampled-gaussian.ts';
import {
  type Direction,
  type LatticeRange,
  lossAt,
  pointAt,
  sampledLoss,
  subsampledGaussianLosses,
} from './subsampled-gaussian-losses.ts';

/** Gaussian releases, each on a fresh Poisson sample: every record takes part in each with the same probability. */
export interface SubsampledGaussianSteps {
  /**
   * noiseStddev / sensitivity, finite and > 0, with the sensitivity of the relation: for a sum of vectors clipped to norm
   * C that is C to adding or removing one record, and 2 C to replacing one.
   */
  readonly noiseMultiplier: number;
  /** In (0, 1]. */
  readonly samplingRate: number;
  /** Integer >= 1; each release may depend on the ones before. */
  readonly steps: number;
  /** In (0, 1). */
  readonly delta: number;
  /** `add-or-remove-one` unless given. */
  readonly neighboringRelation?: 'add-or-remove-one' | 'replace-one' | undefined;
  /** `employee` unless given. */
  readonly privacyUnit?: PrivacyUnit | undefined;
}

/**
 * The composition of Poisson-subsampled Gaussians. Exact for a rate of 1 and, add-or-remove-one, for one step;
 * otherwise an upper bound by the pair that dominates one release (see `Direction`): up to 100,000 steps about 1.5e-4
 * above the exact epsilon at most, a part of 1e-4 where that is below 2. Below a rate of 1e-3 that part is up to half a
 * percent. Where the few steps that a record is in decide and hide little (noise multiplier .5 at a rate of 1e-7, or
 * delta below 1e-12), the answer may be several times the exact one.
 *
 * @throws {RangeError} outside the ranges of `SubsampledGaussianSteps`
 */
export function accountSubsampledGaussian(sampled: SubsampledGaussianSteps): Guarantee {
  return sampledGuarantee(
    sampled,
    sampled.neighboringRelation === 'replace-one' ? ['exchanged'] : ['removed', 'added'],
  );
}

/*
 * One step: with Q the density without the record and R the shifted one, that with it is Q + q (R - Q), so that
 *   delta(epsilon) = integral of (Q + q (R - Q) - e^epsilon Q)_+ = q integral of (R - e^epsilon' Q)_+,
 * where e^epsilon' = 1 + (e^epsilon - 1) / q. The other direction has
 *   c integral of (Q - e^epsilon'' R)_+, c = 1 - (1 - q) e^epsilon <= q, e^epsilon'' = q e^epsilon / c >= e^epsilon',
 * which is no more (Balle, Barthe and Gaboardi, Privacy amplification by subsampling, NeurIPS 2018, theorem 8).
 *
 * For `exchanged` it is an upper bound: there H_a = q Phi(t) - c Phi(t - 1 / s) - a q Phi(t - 2 / s) with s in units of
 * half the sensitivity, which is at most q (Phi(t) - (c / q + a) Phi(t - 2 / s)), and c / q + a = e^epsilon'.
 */
function exactSampledEpsilon({ noiseMultiplier, samplingRate, steps, delta }: SubsampledGaussianSteps): number {
  if (delta >= samplingRate) return 0;
  return sampledLoss(gaussianEpsilon({ noiseMultiplier, steps, delta: delta / samplingRate }), samplingRate);
}

/** Exact for a rate of 1, and for one step but `exchanged`; otherwise an upper bound, the largest of all directions'. */
export function sampledGuarantee(
  sampled: SubsampledGaussianSteps,
  directions: readonly [Direction, Direction?],
): Guarantee {
  const { steps, delta, samplingRate, neighboringRelation = 'add-or-remove-one', privacyUnit = 'employee' } = sampled;
  checkSubsampledGaussian(sampled);
  checkPositiveInteger({ steps });
  checkProbability({ delta });
  checkOneOf('neighboringRelation', neighboringRelation, 'add-or-remove-one', 'replace-one');
  const isExact = samplingRate === 1 || (steps === 1 && directions[0] !== 'exchanged');
  return {
    epsilon: isExact ? exactSampledEpsilon(sampled) : composedSampledEpsilon(sampled, directions),
    delta,
    accountant: isExact ? 'exact' : 'loss-distribution',
    neighboringRelation,
    privacyUnit,
  };
}

function composedSampledEpsilon(
  { noiseMultiplier, samplingRate, steps, delta }: SubsampledGaussianSteps,
  [first, second]: readonly [Direction, Direction?],
): number {
  // A record that takes part in any step less often than delta needs no noise. And leaving it out at times is
  // post-processing of the outputs with and without it, so that sampling never costs.
  if (-Math.expm1(steps * Math.log1p(-samplingRate)) <= delta) return 0;
  const unsampled = gaussianEpsilon({ noiseMultiplier, steps, delta });
  if (noiseMultiplier < leastNoise) return unsampled;
  const gaussian = { noiseMultiplier: first === 'exchanged' ? 2 * noiseMultiplier : noiseMultiplier, samplingRate };
  const boundOf = (direction: Direction, tolerance: number): number => {
    let found = Infinity;
    for (let pass = 1; ; pass += 1) {
      const [expected, range] = planLattice(gaussian, direction, { steps, delta, tolerance, atMost: found });
      const [probabilities, firstLoss, spacing, infinite] = subsampledGaussianLosses(gaussian, direction, range);
      // Each step's losses are off by some units in the last place, its integrals by less than 1e-13, relative.
      const largest = Math.abs(firstLoss) + probabilities.length * spacing;
      const raised = [probabilities, firstLoss + largest * 2 ** -50, spacing, infinite] as const;
      found = Math.min(found, composedEpsilon(raised, steps, delta * Math.exp(-2e-13 * steps)));
      // A lattice that was made for a much larger epsilon is too coarse.
      if (pass === 2 || found > expected / 2) return found;
    }
  };
  let epsilon = boundOf(first, finest);
  // The second seems to be the better one always, but there is no proof; often a quick bound shows it.
  if (second !== undefined && boundOf(second, 100 * finest) > epsilon) {
    epsilon = Math.max(epsilon, boundOf(second, finest));
  }
  // Where a few rare steps matter, the sum of what each of them spends with its part of delta may be less.
  const basic = steps * exactSampledEpsilon({ noiseMultiplier, samplingRate, steps: 1, delta: delta / steps });
  return Math.min(unsampled, basic, epsilon);
}

const finest = 5e-5;
// Below this the lattice's widest cell would overflow, and no epsilon protects anybody.
const leastNoise = 0.05;
const roughPoints = 1_000;
const fewestPoints = 2 ** 12;
const mostPoints = 2 ** 21;

/**
 * Chooses a range and a spacing for a lattice by a rough loss distribution; every choice gives a valid bound.
 *
 * @param atMost what the exact epsilon is known not to exceed
 * @param tolerance how far above the exact epsilon the answer may be, relative to it, where that is below 2
 */
function planLattice(
  gaussian: SubsampledGaussian,
  direction: Direction,
  { steps, delta, tolerance, atMost }: { steps: number; delta: number; tolerance: number; atMost: number },
): [expected: number, range: LatticeRange] {
  const reach = -normalQuantile((1e-7 * delta) / steps) * gaussian.noiseMultiplier;
  const from = direction === 'replaced' ? 0.5 : direction === 'exchanged' ? 0 : -reach;
  const farthest = reach + 1;
  const range = lossAt(farthest, gaussian, direction) - lossAt(from, gaussian, direction);
  const rough = subsampledGaussianLosses(gaussian, direction, [from, farthest, range / roughPoints]);
  const single = cumulantOf(rough);
  const [renyi, x] = epsilonOfCumulant((order) => steps * single(order), { delta });
  const epsilon = Math.min(renyi, atMost);
  const cumulant = single(x);
  const [least, most] = windowOf(single, x, steps);
  // The lattice adds spacing^2 / 12 to the mean and twice that to the variance of each step's loss, so that it adds
  // x (1 + x) spacing^2 / 12 to K(x), and the x-th part of it to the epsilon;
  // points = width / spacing.
  const width = most - least;
  const spread = (width * width * steps * (1 + x)) / (12 * tolerance * Math.min(2, epsilon));
  const points = epsilon > 0 ? Math.min(mostPoints, Math.max(fewestPoints, Math.sqrt(spread))) : fewestPoints;
  // Without the record the losses fall far below any that matter; those may all be taken for the largest of them.
  let to = farthest;
  if (direction === 'added') {
    let spared = 1e-9 / steps;
    const [probabilities, lowest, cell] = rough;
    let loss = lowest;
    for (let index = 0; spared > 0; index += 1) {
      spared -= probabilities[index]! * Math.exp(x * loss - cumulant);
      loss += cell;
    }
    to = Math.min(to, pointAt(cell - loss, gaussian));
  }
  // Transforms take a power of two; a little less than the wanted points beats nearly twice as many.
  return [epsilon, [from, to, (1.02 * width) / 2 ** Math.ceil(Math.log2(points / 1.25))]];
}
