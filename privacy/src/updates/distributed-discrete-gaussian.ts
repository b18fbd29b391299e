import { checkIn, checkInteger, checkOneOf, checkPositive, checkPositiveInteger } from '../numerics/checks.ts';
import { discreteGaussianEpsilon, leastNoise } from '../accounting/discrete-gaussian-accounting.ts';
import { gaussianNoiseMultiplier } from '../accounting/gaussian-accounting.ts';
import type { Guarantee, PrivacyUnit } from '../accounting/guarantee.ts';
import { discreteGaussianVector } from '../sampling/discrete-gaussian.ts';

/** What a secure aggregation of noised integer vectors is to reach. */
export interface DistributedNoiseTarget {
  /** L2, of one client's update; finite and > 0. */
  readonly clippingNorm: number;
  /** Coordinates of an update; integer >= 1. */
  readonly dimension: number;
  /** Of all steps together; finite and > 0. */
  readonly epsilon: number;
  /** In (0, 1). */
  readonly delta: number;
  /** Rounds that a client takes part in at most; integer >= 1, 1 unless given. */
  readonly steps?: number | undefined;
  /** Clients that take part; integer >= 1. Noise of more than the fewest survivors only adds to privacy. */
  readonly cohort: number;
  /**
   * The fewest honest clients whose noise is in a released sum; integer in [1, cohort]. A round with fewer must not be
   * opened. Subtract those who may collude.
   */
  readonly minimumSurvivors: number;
  /** A client's update may become any other (L2 2 clippingNorm), or nothing (clippingNorm) with its noise kept. */
  readonly neighboringRelation: 'replace-one' | 'zero-out';
  /** `employee` unless given. */
  readonly privacyUnit?: PrivacyUnit | undefined;
  /** Grid steps for one unit of an update; finite and > 0. Chosen such that the grid costs at most about 1% unless given. */
  readonly scale?: number | undefined;
}

/** What every client does to its update: clip, times scale, round by chance, add noise, reduce by the modulus. */
export interface DistributedNoise {
  readonly scale: number;
  /** L2 in grid steps; rounding is repeated until it holds. */
  readonly roundedNorm: number;
  /** Of one client's discrete Gaussian on a coordinate, in grid steps. */
  readonly noiseStddev: number;
  /**
   * Sums are taken modulo 2 ** modulusBits and stand for the integers around 0. That any coordinate of any round wraps
   * around has a probability of 2^-40 at most.
   */
  readonly modulusBits: number;
  /** With exactly the fewest survivors; realized, and never above the epsilon asked for. */
  readonly guarantee: Guarantee;
}

/**
 * Parameters of the distributed discrete Gaussian: so much noise from each client that the fewest survivors' noise alone
 * gives the guarantee.
 *
 * @throws {RangeError} outside the ranges of `DistributedNoiseTarget`, if the modulus would exceed 53 bits, or for a
 *   noise outside those of `discreteGaussian`
 * @see Kairouz, Liu and Steinke, The distributed discrete Gaussian mechanism for federated learning with secure
 *   aggregation, ICML 2021, algorithm 1 and section 4
 */
export function distributedDiscreteGaussian({
  clippingNorm,
  dimension,
  epsilon,
  delta,
  steps = 1,
  cohort,
  minimumSurvivors,
  neighboringRelation,
  privacyUnit = 'employee',
  scale: givenScale,
}: DistributedNoiseTarget): DistributedNoise {
  checkPositive({ clippingNorm });
  checkPositiveInteger({ dimension, cohort });
  checkInteger('minimumSurvivors', minimumSurvivors, `[1, ${cohort}]`);
  if (givenScale !== undefined) checkPositive({ scale: givenScale });
  // Anything else would be taken for the relation with less noise.
  checkOneOf('neighboringRelation', neighboringRelation, 'replace-one', 'zero-out');
  const noiseMultiplier = gaussianNoiseMultiplier({ epsilon, delta, steps });
  const difference = neighboringRelation === 'replace-one' ? 2 : 1;

  let scale = givenScale ?? 2 ** Math.floor(-Math.log2(clippingNorm));
  const isFine = (): boolean => {
    const norm = roundedNorm(scale * clippingNorm, dimension);
    const noise = noiseMultiplier * difference * norm;
    // Noise of one client must span some grid steps, and that of all many, to add up as Gaussians do.
    return norm <= 1.01 * scale * clippingNorm && noise >= 2 * Math.sqrt(minimumSurvivors) && noise >= 30;
  };
  if (givenScale === undefined) {
    while (!isFine()) scale *= 2;
  }

  const norm = roundedNorm(scale * clippingNorm, dimension);
  const realized = (stddev: number): number =>
    discreteGaussianEpsilon({
      noiseStddev: stddev * Math.sqrt(minimumSurvivors),
      sensitivity: difference * norm,
      steps,
      delta,
      dimension,
      summands: minimumSurvivors,
    });
  const noiseStddev = leastNoise(
    (stddev) => realized(stddev) > epsilon,
    (noiseMultiplier * difference * norm) / Math.sqrt(minimumSurvivors),
  );

  // No coordinate exceeds the norm, nor by rounding the next integer. A discrete Gaussian is subgaussian with its own
  // parameter (Canonne, Kamath and Steinke 2020, corollary 17), so that n of them exceed r with a probability of at most
  // 2 e^(-r^2 / (2 n noiseStddev^2)), for each coordinate of each round.
  const logTails = Math.log(2 * dimension * steps * 2 ** 40);
  const largest = cohort * Math.ceil(scale * clippingNorm) + noiseStddev * Math.sqrt(2 * cohort * logTails);
  const modulusBits = Math.ceil(Math.log2(2 * largest + 1));
  checkIn('modulusBits', modulusBits, '[1, 53]');
  // Refuses what no client could draw now, not in the first round.
  discreteGaussianVector({ length: 0, noiseStddev });
  return {
    scale,
    roundedNorm: norm,
    noiseStddev,
    modulusBits,
    guarantee: {
      epsilon: realized(noiseStddev),
      delta,
      accountant: 'discrete-gaussian',
      neighboringRelation,
      privacyUnit,
    },
  };
}

/**
 * The L2 norm that a vector of this norm keeps, in grid steps, when each coordinate is rounded up or down at random
 * without bias: a bound that a try meets with a probability of at least 1 - e^(-1/2), and so repeats until it does.
 *
 * @see Kairouz, Liu and Steinke, 2021, proposition 22, with beta = e^(-1/2), so that sqrt(2 ln(1 / beta)) = 1
 */
export function roundedNorm(norm: number, dimension: number): number {
  const root = Math.sqrt(dimension);
  return Math.min(norm + root, Math.sqrt(norm ** 2 + dimension / 4 + norm + root / 2));
}
