import { checkInteger, checkPositiveInteger } from '../numerics/checks.ts';
import type { Guarantee, PrivacyUnit } from './guarantee.ts';
import { logOnePlusExp, logSumExp } from '../numerics/log-sums.ts';
import { checkSampledGaussian, logGaussianMean, type SampledGaussianOrder } from './renyi-accounting.ts';
import { sampledGuarantee } from './subsampled-gaussian-accounting.ts';

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
 * otherwise an upper bound by the loss distribution of the pair that dominates one release (see `Direction`): about half
 * of what `fixedSizeGaussianRenyi` gives over many steps.
 *
 * @throws {RangeError} outside the ranges of `FixedSizeSampledGaussianSteps`
 */
export function accountFixedSizeSampledGaussian({
  populationSize,
  sampleSize,
  ...steps
}: FixedSizeSampledGaussianSteps): Guarantee {
  checkPositiveInteger({ populationSize });
  checkInteger('sampleSize', sampleSize, `[1, ${populationSize}]`);
  const samplingRate = sampleSize / populationSize;
  return sampledGuarantee({ ...steps, samplingRate, neighboringRelation: 'replace-one' }, ['replaced']);
}

/**
 * An upper bound of the Renyi divergence of one Gaussian on a sample of fixed size without replacement, replace-one.
 *
 * For an integer order a, (a - 1) times the divergence is at most
 *   ln(1 + sum over j from 2 to a of binomial(a, j) rate^j min(4 sqrt(B_lower B_upper), 2 e^(j (j - 1) / (2 s^2)))),
 * with B_k = E[(e^y - 1)^k] over the log ratio y of the two Gaussians under one, for the even numbers k that are nearest to
 * j from below and above. Between integers it lies below the straight line, being convex.
 *
 * @throws {RangeError} outside the ranges of `SampledGaussianOrder`
 * @see Wang, Balle and Kasiviswanathan, Subsampled Renyi differential privacy and analytical moments accountant, AISTATS
 *   2019, theorems 9 and 27. (Their B_k is an alternating sum, which loses its digits where s is large.)
 */
export function fixedSizeGaussianRenyi({ noiseMultiplier, samplingRate, order }: SampledGaussianOrder): number {
  checkSampledGaussian({ noiseMultiplier, samplingRate, order });
  if (samplingRate === 1) return order / (2 * noiseMultiplier ** 2);
  const logMoment = (k: number): number =>
    logGaussianMean((y) => k * (y > 700 ? y : Math.log(Math.abs(Math.expm1(y)))), noiseMultiplier, k);
  const cumulantAt = (integer: number): number => {
    const logs = [];
    let logBinomial = Math.log(integer);
    for (let j = 2; j <= integer; j += 1) {
      logBinomial += Math.log((integer - j + 1) / j);
      // Where the largest term of B_k is all but the whole, the second bound is the better one.
      const general = Math.log(2) + (j * (j - 1)) / (2 * noiseMultiplier ** 2);
      const tight =
        (j - 2) / noiseMultiplier ** 2 > 5 + Math.log(j)
          ? Infinity
          : Math.log(4) + (logMoment(j - (j % 2)) + logMoment(j + (j % 2))) / 2;
      logs.push(logBinomial + j * Math.log(samplingRate) + Math.min(tight, general));
    }
    return logOnePlusExp(logSumExp(Float64Array.from(logs)));
  };
  const below = Math.floor(order);
  const share = order - below;
  const cumulant = (1 - share) * cumulantAt(below) + (share === 0 ? 0 : share * cumulantAt(below + 1));
  return cumulant / (order - 1);
}
