import { checkIn, checkPositive, checkPositiveInteger, checkProbability } from '../numerics/checks.ts';
import { halveOutward } from '../numerics/search.ts';
import { logNormalDensity, millsRatio } from '../numerics/normal-distribution.ts';
import { epsilonOfCumulant } from './renyi-conversion.ts';

/**
 * The smallest epsilon for which `steps` Gaussian releases are (epsilon, delta)-private, for the relation that the
 * noise multiplier was stated for. Exact.
 *
 * @param noiseMultiplier noiseStddev / sensitivity, > 0
 * @param steps integer >= 1, 1 unless given; each may depend on the ones before
 * @param delta in (0, 1)
 * @throws {RangeError} outside these ranges
 * @see Balle and Wang, Improving the Gaussian mechanism, ICML 2018, theorem 8; Dong, Roth and Su, Gaussian
 *   differential privacy, JRSS B 2022, corollary 3.3 for the composition
 */
export function gaussianEpsilon({
  noiseMultiplier,
  steps = 1,
  delta,
}: {
  noiseMultiplier: number;
  steps?: number | undefined;
  delta: number;
}): number {
  checkPositive({ noiseMultiplier });
  checkPositiveInteger({ steps });
  checkProbability({ delta });
  // Composed Gaussians are one Gaussian whose mean shift, in standard deviations, is mu = sqrt(steps) / multiplier.
  return epsilonOfShift(Math.sqrt(steps) / noiseMultiplier, delta);
}

/**
 * The smallest delta for which `steps` Gaussian releases are (epsilon, delta)-private. Exact; arguments and
 * references as for `gaussianEpsilon`.
 *
 * @param epsilon finite and >= 0
 * @throws {RangeError} outside these ranges
 */
export function gaussianDelta({
  noiseMultiplier,
  steps = 1,
  epsilon,
}: {
  noiseMultiplier: number;
  steps?: number | undefined;
  epsilon: number;
}): number {
  checkPositive({ noiseMultiplier });
  checkPositiveInteger({ steps });
  checkIn('epsilon', epsilon, '[0, Infinity)');
  return Math.exp(logDelta(Math.sqrt(steps) / noiseMultiplier, epsilon));
}

/**
 * The smallest noise multiplier for which `steps` Gaussian releases are (epsilon, delta)-private.
 *
 * @param epsilon finite and > 0
 * @param delta in (0, 1)
 * @param steps integer >= 1, 1 unless given
 * @throws {RangeError} outside these ranges
 */
export function gaussianNoiseMultiplier({
  epsilon,
  delta,
  steps = 1,
}: {
  epsilon: number;
  delta: number;
  steps?: number | undefined;
}): number {
  checkPositive({ epsilon });
  checkPositiveInteger({ steps });
  checkProbability({ delta });
  const target = Math.log(delta);
  // delta falls with the noise.
  return halveOutward((noiseMultiplier) => logDelta(Math.sqrt(steps) / noiseMultiplier, epsilon) > target);
}

const largestShift = 1e100;

/** As `gaussianEpsilon`, for a shift of mu standard deviations; 0 gives 0. */
export function epsilonOfShift(shift: number, delta: number): number {
  const target = Math.log(delta);
  // Beyond this the shift's square overflows; no such epsilon protects anybody.
  if (shift > largestShift) return Infinity;
  if (shift === 0 || logDelta(shift, 0) <= target) return 0;
  // delta falls with epsilon: the answer is where delta stops being too large.
  return halveOutward((epsilon) => logDelta(shift, epsilon) > target);
}

/**
 * ln delta of a Gaussian: delta = Pr[Z <= a] - e^epsilon Pr[Z <= b], with a = mu/2 - epsilon/mu and b = a - mu (Balle and Wang, theorem 8).
 * Since b^2 - a^2 = 2 epsilon, e^epsilon phi(b) = phi(a). With Mills' ratio M(x) = Pr[Z > x] / phi(x):
 *   delta = phi(a) (M(-a) - M(-b)),
 * where nothing overflows and only neighbouring values of M are subtracted.
 */
export function logDelta(shift: number, epsilon: number): number {
  const a = shift / 2 - epsilon / shift;
  const b = a - shift;
  if (a > 5) {
    // M(-a) would overflow; Pr[Z <= a] = 1 - phi(a) M(a) is close to one.
    return Math.log1p(-Math.exp(logNormalDensity(a)) * (millsRatio(a) + millsRatio(-b)));
  }
  return logNormalDensity(a) + Math.log(millsRatio(-a) - millsRatio(-b));
}

/**
 * The smallest epsilon that rho-zCDP implies at this delta by the best known conversion.
 *
 * @param rho finite and >= 0
 * @param delta in (0, 1)
 * @throws {RangeError} outside these ranges
 * @see Canonne, Kamath and Steinke, The discrete Gaussian for differential privacy, NeurIPS 2020, proposition 12
 *   and corollary 13
 */
export function zcdpEpsilon({ rho, delta }: { rho: number; delta: number }): number {
  checkIn('rho', rho, '[0, Infinity)');
  checkProbability({ delta });
  if (rho === 0) return 0;
  // K(x) = x (x + 1) rho. A subnormal rho would overflow; a larger one only promises less. The best x is near this start.
  const safeRho = Math.max(rho, 1e-300);
  const start = Math.sqrt(-Math.log(delta) / safeRho);
  return Math.max(0, epsilonOfCumulant((x) => x * (x + 1) * safeRho, { delta, start, precise: true })[0]);
}
