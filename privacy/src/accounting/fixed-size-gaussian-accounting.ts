import { checkInteger, checkPositive, checkPositiveInteger, checkProbability } from '../numerics/checks.ts';
import type { Guarantee, PrivacyUnit } from './guarantee.ts';
import {
  checkSampledGaussian,
  logGaussianMean,
  logOnePlusExp,
  logSumExp,
  type SampledGaussianOrder,
} from './renyi-accounting.ts';
import { epsilonOfCumulant } from './renyi-conversion.ts';
import { composedSampledEpsilon, exactSampledEpsilon } from './subsampled-gaussian-accounting.ts';

/** Gaussian releases, each on a fresh sample of fixed size, drawn without replacement. */
export interface FixedSizeSampledGaussianSteps {
  /**
   * noiseStddev / sensitivity, finite and > 0, with the sensitivity to replacing one record: for a sum of vectors clipped
   * to norm C that is 2 C.
   */
  readonly noiseMultiplier: number;
  /** How many records there are; integer >= 1. */
  readonly populationSize: number;
  /** How many of them take part in each release; integer from 1 to `populationSize`. */
  readonly sampleSize: number;
  /** Integer >= 1; each release may depend on the ones before. */
  readonly steps: number;
  /** In (0, 1). */
  readonly delta: number;
  /** `employee` unless given. */
  readonly privacyUnit?: PrivacyUnit | undefined;
}

/**
 * The composition of Gaussians on samples of fixed size, replace-one. Exact for one step and for a sample of all,
 * otherwise the smaller of two upper bounds: that by the loss distribution of the pair that dominates one release (see
 * `Direction`), and that by Renyi divergence, which is about twice as large over many steps.
 *
 * @throws {RangeError} outside the ranges of `FixedSizeSampledGaussianSteps`
 */
export function accountFixedSizeSampledGaussian({
  noiseMultiplier,
  populationSize,
  sampleSize,
  steps,
  delta,
  privacyUnit = 'employee',
}: FixedSizeSampledGaussianSteps): Guarantee {
  checkPositive({ noiseMultiplier });
  checkPositiveInteger({ populationSize, steps });
  checkInteger('sampleSize', sampleSize, `[1, ${populationSize}]`);
  checkProbability({ delta });
  const samplingRate = sampleSize / populationSize;
  const guarantee = { delta, neighboringRelation: 'replace-one', privacyUnit } as const;
  if (sampleSize === populationSize || steps === 1) {
    const epsilon = exactSampledEpsilon({ noiseMultiplier, samplingRate, steps, delta });
    return { ...guarantee, epsilon, accountant: 'subsampled-gaussian-exact' };
  }
  const single = fixedSizeCumulant({ noiseMultiplier, samplingRate });
  const cumulant = (x: number): number => (x < mostOrder ? steps * single(x) : Infinity);
  const renyi = Math.max(0, epsilonOfCumulant(cumulant, { delta, precise: true }).epsilon);
  const composed = composedSampledEpsilon({ noiseMultiplier, samplingRate, steps, delta }, ['replaced']);
  return renyi < composed
    ? { ...guarantee, epsilon: renyi, accountant: 'fixed-size-sampling-renyi' }
    : { ...guarantee, epsilon: composed, accountant: 'fixed-size-sampling-loss-distribution' };
}

const mostOrder = 1024;

/**
 * An upper bound of the Renyi divergence of one Gaussian on a sample of fixed size without replacement, replace-one.
 *
 * @throws {RangeError} outside the ranges of `SampledGaussianOrder`
 */
export function fixedSizeGaussianRenyi({ order, ...sampled }: SampledGaussianOrder): number {
  checkSampledGaussian({ order, ...sampled });
  return fixedSizeCumulant(sampled)(order - 1) / (order - 1);
}

/**
 * (order - 1) times the divergence of the order 1 + x.
 *
 * For an integer order a it is at most
 *   ln(1 + sum over j from 2 to a of binomial(a, j) rate^j min(4 sqrt(B_lower B_upper), 2 e^(j (j - 1) / (2 s^2)))),
 * with B_k = E[(e^y - 1)^k] over the log ratio y of the two Gaussians under one, for the even numbers k that are nearest to
 * j from below and above. Between integers it lies below the straight line, being convex.
 *
 * @see Wang, Balle and Kasiviswanathan, Subsampled Renyi differential privacy and analytical moments accountant, AISTATS
 *   2019, theorems 9 and 27. (Their B_k is an alternating sum, which loses its digits where s is large.)
 */
function fixedSizeCumulant({
  noiseMultiplier,
  samplingRate,
}: Omit<SampledGaussianOrder, 'order'>): (x: number) => number {
  if (samplingRate === 1) return (x) => (x * (x + 1)) / (2 * noiseMultiplier ** 2);
  const moments = new Map<number, number>();
  const logMoment = (k: number): number => {
    let log = moments.get(k);
    if (log === undefined) {
      log = logGaussianMean((y) => k * (y > 700 ? y : Math.log(Math.abs(Math.expm1(y)))), {
        noiseMultiplier,
        growth: k,
      });
      moments.set(k, log);
    }
    return log;
  };
  const atInteger = (order: number): number => {
    const logs = [];
    let logBinomial = Math.log(order);
    for (let j = 2; j <= order; j += 1) {
      logBinomial += Math.log((order - j + 1) / j);
      // Where the largest term of B_k is all but the whole, the second bound is the better one.
      const general = Math.log(2) + (j * (j - 1)) / (2 * noiseMultiplier ** 2);
      const tight =
        (j - 2) / noiseMultiplier ** 2 > 5 + Math.log(j)
          ? Infinity
          : Math.log(4) + (logMoment(j - (j % 2)) + logMoment(j + (j % 2))) / 2;
      logs.push(logBinomial + j * Math.log(samplingRate) + Math.min(tight, general));
    }
    return logOnePlusExp(logSumExp(logs));
  };
  return (x) => {
    const below = Math.floor(x);
    const share = x - below;
    return (1 - share) * atInteger(below + 1) + (share === 0 ? 0 : share * atInteger(below + 2));
  };
}
