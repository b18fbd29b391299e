import { checkIn, checkInteger, checkOneOf } from '../numerics/checks.ts';
import { betaCdf, logBeta } from '../numerics/beta-distribution.ts';
import { logNormalDensity, normalCdf } from '../numerics/normal-distribution.ts';

/** Vectors on the unit sphere (Bhowmick et al.) or with independent normal coordinates (Asi, Feldman and Talwar). */
export type PrivUnitVariant = 'privunit2' | 'privunitG';

/** One coordinate T of a random vector of a variant: what a vector has along any direction. */
export type Projection = readonly [
  /** Pr[T >= x]. */
  tail: (x: number) => number,
  /** ln E[T; T >= x]; the same for -x, because the mean is 0. */
  logTailMean: (x: number) => number,
  /** An x that covers T's range as t covers the reals, on the scale of T's own spread. */
  point: (t: number) => number,
  /** The density of T at point(t) is, in t, E[T; T >= point(t)] times this. */
  densityFactor: number,
];

/** The cap {V : <V, u> >= gamma} of a direction u, and how often a report V lies in it. */
export interface PrivUnitCalibration {
  readonly gamma: number;
  /** Pr[V in the cap of its own direction]. */
  readonly p: number;
  /** Pr[V in the cap] without regard to any direction. */
  readonly q: number;
  /** E[<V, u>]: V / gain is unbiased. */
  readonly gain: number;
  /** E[|V / gain - u|^2]. */
  readonly squaredError: number;
}

/**
 * The law of one coordinate.
 *
 * @param dimension integer >= 2
 */
export function projection(variant: PrivUnitVariant, dimension: number): Projection {
  if (variant === 'privunitG') {
    return [(x) => normalCdf(-x), logNormalDensity, (t) => t, 1];
  }
  // One coordinate x of the sphere has the density (1 - x^2)^(a - 1) / B(a, 1/2) with a = (d - 1) / 2, and x^2 is
  // Beta(1/2, a). Integrating x times it gives (1 - x^2)^a / (2 a B(a, 1/2)). With x = tanh(t / sqrt(2 a)),
  // dx = (1 - x^2) dt / sqrt(2 a): the density in t is the former times sqrt(2 a).
  const a = (dimension - 1) / 2;
  const logScale = -Math.log(2 * a) - logBeta(a, 0.5);
  return [
    (x) => {
      const half = betaCdf((1 - x) * (1 + x), a, 0.5, x * x) / 2;
      return x < 0 ? 1 - half : half;
    },
    // The sum of the two logarithms keeps the places that 1 - x^2 would lose near 0 and near 1.
    (x) => a * (Math.log1p(-x) + Math.log1p(x)) + logScale,
    (t) => Math.tanh(t / Math.sqrt(2 * a)),
    Math.sqrt(2 * a),
  ];
}

/**
 * The best cap of PrivUnit for vectors of L2 norm 1, in its tight form: epsilon is that of the cap's probabilities, not
 * of a bound on them. Real numbers, for planning and comparison; `privUnit` is what devices run.
 *
 * @param dimension integer in [2, 1e7]
 * @param epsilon in [1e-6, 20]
 * @param gamma the cap's edge in [0, 1), or >= 0 for `privunitG`; the best one unless given. 0 is a half space: Duchi,
 *   Jordan and Wainwright's mechanism (JASA 2018, section 4.2.3)
 * @throws {RangeError} outside these ranges
 * @see Bhowmick, Duchi, Freudiger, Kapoor and Rogers, Protection against reconstruction, 2018, algorithm 1; Asi,
 *   Feldman and Talwar, Optimal algorithms for mean estimation under local differential privacy, ICML 2022, section 4
 */
export function calibratePrivUnit({
  dimension,
  epsilon,
  variant,
  gamma,
}: {
  dimension: number;
  epsilon: number;
  variant: PrivUnitVariant;
  gamma?: number | undefined;
}): PrivUnitCalibration {
  checkInteger('dimension', dimension, '[2, 1e7]');
  checkIn('epsilon', epsilon, '[1e-6, 20]');
  checkOneOf('variant', variant, 'privunit2', 'privunitG');
  if (gamma !== undefined) checkIn('gamma', gamma, variant === 'privunit2' ? '[0, 1)' : '[0, Infinity)');
  const [tail, logTailMean] = projection(variant, dimension);
  const growth = Math.expm1(epsilon);

  // With p (1 - q) / (q (1 - p)) = e^eps, that is p = q e^eps / (1 + q (e^eps - 1)), the mean along u is
  //   m(gamma) = E[T; T >= gamma] (p / q - (1 - p) / (1 - q)) = E[T; T >= gamma] (e^eps - 1) / (1 + q (e^eps - 1)).
  const gainAt = (edge: number): number => (Math.exp(logTailMean(edge)) * growth) / (1 + tail(edge) * growth);

  // d E[T; T >= g] / dg = g dq / dg, so m' has the sign of F(g) = E[T; T >= g] (e^eps - 1) - g (1 + q (e^eps - 1)), whose
  // derivative is -(1 + q (e^eps - 1)): Newton's step is g <- m(g), and the best edge is its own gain. F is convex and
  // falls, so that from 0 the steps climb to the edge without passing it.
  let edge = gamma ?? 0;
  let gain = gainAt(edge);
  if (gamma === undefined) for (; gain > edge * (1 + 1e-15); gain = gainAt(edge)) edge = gain;
  const q = tail(edge);
  // On the sphere |V| = 1. Normal coordinates across u add d - 1, and E[T^2; T >= g] = q + g E[T; T >= g] gives
  // 1 + g m along u.
  const squaredNorm = variant === 'privunit2' ? 1 : dimension + edge * gain;
  return { gamma: edge, p: (q * (1 + growth)) / (1 + q * growth), q, gain, squaredError: squaredNorm / gain ** 2 - 1 };
}
