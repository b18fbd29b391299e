import { checkPositive, checkPositiveInteger, checkProbability } from '../numerics/checks.ts';
import { halve } from '../numerics/search.ts';
import { epsilonOfShift, zcdpEpsilon } from './gaussian-accounting.ts';
import { composedEpsilon } from './lattice-composition.ts';

/** Releases of integer vectors with discrete Gaussian noise. */
export interface DiscreteGaussianSteps {
  /** Of the whole noise on one coordinate; finite and > 0. */
  readonly noiseStddev: number;
  /** L2, for the stated relation; finite and > 0. */
  readonly sensitivity: number;
  /** Integer >= 1, 1 unless given; each release may depend on the ones before. */
  readonly steps?: number | undefined;
  /** In (0, 1). */
  readonly delta: number;
  /** How many coordinates one release has, 1 unless given. State it: one coordinate has a better bound than many. */
  readonly dimension?: number | undefined;
  /** Of how many independent discrete Gaussians of equal stddev the noise is the sum, 1 unless given. */
  readonly summands?: number | undefined;
}

/**
 * An epsilon for which all releases together are (epsilon, delta)-private, for the relation of the sensitivity.
 * The smallest of: the exact loss distribution (one coordinate, one summand, an integer sensitivity, small noise);
 * zCDP; the exact Gaussian of slightly less noise, with a proven slack.
 *
 * @throws {RangeError} outside the ranges of `DiscreteGaussianSteps`
 * @see Canonne, Kamath and Steinke, The discrete Gaussian for differential privacy, NeurIPS 2020, theorems 4, 7 and 14
 */
export function discreteGaussianEpsilon(given: DiscreteGaussianSteps): number {
  const { noiseStddev, sensitivity, steps = 1, delta, dimension = 1, summands = 1 } = given;
  checkPositive({ noiseStddev, sensitivity });
  checkPositiveInteger({ steps, dimension, summands });
  checkProbability({ delta });
  // Each release is (sensitivity^2 / (2 noiseStddev^2))-zCDP (theorem 14); of several summands one alone is counted,
  // the others being post-processing.
  const rho = (steps * summands * sensitivity ** 2) / (2 * noiseStddev ** 2);
  const all = { ...given, steps, dimension, summands };
  const isScalar = dimension === 1 && summands === 1 && Number.isInteger(sensitivity);
  return Math.min(zcdpEpsilon({ rho, delta }), gaussianWithSlack(all), isScalar ? scalarEpsilon(all) : Infinity);
}

/**
 * The least noise that is enough, but for a part of 1e-9; every noise that is enough is private.
 *
 * @param start what is enough for a continuous Gaussian: a discrete one needs little more
 */
export function leastNoise(isTooLittle: (noise: number) => boolean, start: number): number {
  if (!isTooLittle(start)) return start;
  let holds = start;
  let fails = start * (1 + 1e-6);
  for (; isTooLittle(fails); fails *= 1.1) holds = fails;
  return halve(isTooLittle, [holds, fails], 30);
}

type AllSteps = { readonly [Key in keyof DiscreteGaussianSteps]-?: number };

/*
 * The discrete Gaussian is post-processing of a continuous one, nearly. Let kappa(s) = 2.1 e^(-2 pi^2 s^2), s >= 1/2.
 * By Poisson summation r(x) = sum over integers k of e^(-(k - x)^2 / (2 s^2)) lies within s sqrt(2 pi) (1 +- kappa(s))
 * for every x. Draw X from N(0, sigma^2 - s^2) and round it to k with probability e^(-(k - X)^2 / (2 s^2)) / r(X).
 * Completing the square, k comes out with probability e^(-k^2 / (2 sigma^2)) / (sigma sqrt(2 pi)) times a factor within
 * 1 / (1 -+ kappa(s)); the discrete Gaussian has the same with its own sum. So the two differ by a factor of at most
 * e^xi with xi = ln((1 + kappa) / (1 - kappa)) <= 2.1 kappa. Adding an integer query commutes with the rounding.
 *
 * A sum of two discrete Gaussians of stddevs s1 and s2 is, by the same step, the discrete Gaussian of s1^2 + s2^2 up to
 * e^(2.1 kappa(s1 s2 / sqrt(s1^2 + s2^2))); adding equal summands one by one, that stddev is least for the first two.
 *
 * With Xi the sum of all these over the coordinates of all releases, P <= e^Xi R and R' <= e^Xi P' give: where the
 * Gaussians R are (epsilon, delta)-private, the release is (epsilon + 2 Xi, e^Xi delta)-private.
 */
function gaussianWithSlack({ noiseStddev, sensitivity, steps, delta, dimension, summands }: AllSteps): number {
  const coordinates = dimension * steps;
  const firstSum = noiseStddev / Math.sqrt(2 * summands);
  if (summands > 1 && firstSum < 0.5) return Infinity;
  const sumSlack = (summands - 1) * coordinates * ratioSlack(firstSum);
  let best = Infinity;
  // Every rounding width is valid: a larger one leaves less noise and less slack.
  for (const roundingSlack of [1e-12, 1e-9, 1e-6, 1e-4, 1e-3]) {
    const width = Math.max(0.5, Math.sqrt(Math.log((4.41 * coordinates) / roundingSlack) / (2 * Math.PI ** 2)));
    if (width >= noiseStddev) continue;
    const slack = coordinates * ratioSlack(width) + sumSlack;
    const continuous = Math.sqrt(noiseStddev ** 2 - width ** 2);
    const shift = (Math.sqrt(steps) * sensitivity) / continuous;
    best = Math.min(best, epsilonOfShift(shift, delta * Math.exp(-slack)) + 2 * slack);
  }
  return best;
}

// 2.1 kappa(s); see above.
function ratioSlack(stddev: number): number {
  return 4.41 * Math.exp(-2 * (Math.PI * stddev) ** 2);
}

/*
 * One coordinate and a shift of D a release (a smaller shift is never easier to tell: the likelihood ratio is monotone,
 * so the best test is a threshold, and the neighbour's mass below it only falls with the shift). With Y the noise,
 *   ln(Pr[Y = y] / Pr[Y + D = y]) = (D^2 - 2 D y) / (2 sigma^2),
 * on a lattice.
 */
function scalarEpsilon({ noiseStddev, sensitivity, steps, delta }: AllSteps): number {
  // The tails, of in all 1e-12 delta, are cut off and count as infinite losses: the noise is subgaussian, and
  // Pr[|Y| >= m] <= 2 e^(-m^2 / (2 sigma^2)).
  const infinite = (1e-12 * delta) / steps;
  const reach = Math.ceil(noiseStddev * Math.sqrt(2 * Math.log(2 / infinite))) + 1;
  if (reach > longestReach) return Infinity;
  const single = new Float64Array(2 * reach + 1).map((_, index) =>
    Math.exp(-((index - reach) ** 2) / (2 * noiseStddev ** 2)),
  );
  const total = single.reduce((sum, mass) => sum + mass, 0);
  const probabilities = single.map((mass) => mass / total);
  // The distribution is symmetric, so the index may count -y.
  const spacing = sensitivity / noiseStddev ** 2;
  return composedEpsilon([probabilities, (sensitivity / 2 - reach) * spacing, spacing, infinite], steps, delta);
}

// Where the other bounds have long become as good.
const longestReach = 100_000;
