import { logBeta } from '../numerics/beta-distribution.ts';
import { projection, type PrivUnitVariant } from './priv-unit-calibration.ts';

/**
 * What the inner products of N random vectors with a direction come to, sorted by size: E[sum of the m largest], and, with
 * the power 1, E[sum of the squares of the m largest], less the part that any m would have.
 */
export type CandidateMoments = (capSize: number, power?: 0 | 1) => number;

/**
 * Moments of the largest of N independent projections, by quadrature; relative error below 1e-10.
 *
 * One of them, at x, is among the m largest where fewer than m of the others are above. With F the distribution function
 * that has probability I_F(x)(N - m, m): a distribution function in x, that of the (N - m)-th of N - 1 in rising order,
 * called the threshold below. Integrating by parts, a sum over the m largest is N times the mean over thresholds of
 * what lies above:
 *   E[sum of T] = N E[h(threshold)] with h(x) = E[T; T >= x], and
 *   E[sum of T^2] = N E[E[T^2; T >= threshold]], where for normals E[T^2; T >= x] = Pr[T >= x] + x h(x), and on the
 *   sphere, by parts once more, (Pr[T >= x] + (d - 1) x h(x)) / d. The first terms sum to m and to m / d.
 */
export function candidateMoments(variant: PrivUnitVariant, dimension: number, candidates: number): CandidateMoments {
  const [tail, logTailMean, point, densityFactor] = projection(variant, dimension);
  // The integrand is analytic and vanishes at both ends, so that plain sums converge exponentially in the step: the
  // threshold's spread is at least 1.25 / sqrt(N), the density's about 0.7.
  const step = Math.min(0.125, 0.6 / Math.sqrt(candidates));
  const nodes: [x: number, logMean: number, logBelow: number, logAbove: number][] = [];
  for (let t = -20; t <= 20; t += step) {
    const x = point(t);
    const logMean = logTailMean(x);
    // Less than e^-45 of the largest value, and it enters squared.
    if (!(logMean > logTailMean(0) - 45)) continue;
    nodes.push([x, logMean, Math.log(tail(-x)), Math.log(tail(x))]);
  }
  return (capSize, power = 0) => {
    const rest = candidates - capSize;
    const logScale = Math.log(candidates * densityFactor * step) - logBeta(rest, capSize);
    return nodes.reduce((sum, [x, logMean, logBelow, logAbove]) => {
      const logThreshold = (rest - 1) * logBelow + (capSize - 1) * logAbove;
      return sum + x ** power * Math.exp(logThreshold + 2 * logMean + logScale);
    }, 0);
  };
}

/** The cap size with the largest gain at e^epsilon = `ratio`, of those that no neighbour beats, and its gain. */
export function bestCap(
  topSum: CandidateMoments,
  { candidates, ratio, start }: { candidates: number; ratio: number; start: number },
): [capSize: number, gain: number] {
  // A cap of m drawn with probability p = m e^eps / (m e^eps + N - m) has the gain (p / m - (1 - p) / (N - m)) E[sum].
  const gainOf = (size: number): number =>
    size < 1 || size >= candidates ? 0 : ((ratio - 1) / (size * ratio + candidates - size)) * topSum(size);
  let capSize = Math.min(Math.max(1, start), candidates - 1);
  let gain = gainOf(capSize);
  for (const direction of [-1, 1]) {
    for (let next = gainOf(capSize + direction); next > gain; next = gainOf(capSize + direction)) {
      capSize += direction;
      gain = next;
    }
  }
  return [capSize, gain];
}
