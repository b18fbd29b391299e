import { checkArray, checkInteger, checkPositive, checkPositiveInteger } from '../numerics/checks.ts';
import type { Guarantee, NeighboringRelation, PrivacyUnit } from '../accounting/guarantee.ts';
import { discreteGaussianVector } from '../sampling/discrete-gaussian.ts';
import { secureRandom, type RandomSource } from '../sampling/random.ts';
import {
  accountMatrixFactorization,
  changeNorm,
  factorizationSensitivity,
  prefixSumStddev,
  toeplitzCoefficients,
  type Participation,
} from './toeplitz-factorization.ts';

/** Correlated noise for the sums of successive rounds in which the same people take part again (DP-FTRL). */
export interface MatrixFactorization {
  readonly mechanism: 'banded-toeplitz';
  /** The banded square root, times 2^12 and rounded: what guarantee and errors are computed for. */
  readonly coefficients: Float64Array;
  /** noiseStddev / sensitivity, for the stated relation. */
  readonly noiseMultiplier: number;
  /** Of the independent noise z, in units of 2^-12 grid steps. */
  readonly noiseStddev: number;
  /** L2, of C x, in the same units. */
  readonly sensitivity: number;
  /** Of all rounds together. */
  readonly guarantee: Guarantee;
  /** Stddev of the noise in one coordinate of the running sums, in grid steps: the worst, and over all rounds. */
  readonly prefixSumStddev: { readonly largest: number; readonly rootMeanSquare: number };
  /** A new run of rounds. It takes 12 bytes a coordinate and band. */
  stream(random?: RandomSource): CorrelatedStream;
}

/** One run; rounds come in order. */
export interface CorrelatedStream {
  /**
   * A round's noised sum, in grid steps.
   *
   * @param sum of the round's contributions, each an integer vector of L2 norm up to `gridSteps`
   * @throws {RangeError} unless it is an Int32Array of `dimension` coordinates, or after the last round; before
   *   anything is drawn
   */
  release(sum: Int32Array): Float64Array;
}

const coefficientUnit = 2 ** 12;
// Coefficients sum to less than 2 sqrt(bands) units: sums of products with 32-bit numbers then stay below 2^50.
const mostBands = 2048;

/**
 * DP-FTRL by a banded Toeplitz factorization, in integers.
 *
 * Released are functions of s_t = sum over j of a_j x_{t - j} + z_t alone, with integers a_j, x and discrete Gaussian
 * integers z, all exact in doubles: s = C x + z is one Gaussian release, and contains no rounding. From s, and from
 * nothing else, y = C^-1 s is solved as y_t = (s_t - sum over j >= 1 of a_j y_{t - j}) / a_0, in floating point:
 * post-processing, which cannot leak however it rounds. It equals x_t plus correlated noise (C^-1 z)_t. Adding rounded
 * correlated noise to x_t instead would be no such function, since the rounding would depend on neighbours' x. The
 * coefficients are rounded to multiples of 2^-12 first, and everything is computed for the rounded ones. They fall from
 * a_0, so that C's polynomial has no root in the unit disc (Enestrom and Kakeya), and errors of y die out.
 *
 * Whoever runs it sees x, and must make sure that nobody takes part more often or sooner than stated.
 *
 * @param bands integer in [1, 2048]; best the minimum separation, or all rounds where there is one participation
 * @param dimension of the sums, integer >= 1
 * @param gridSteps largest L2 norm of a contribution, integer in [1, 2^24]
 * @param noiseMultiplier finite and > 0; `gaussianNoiseMultiplier` with one step gives the one for an epsilon
 * @throws {RangeError} outside these ranges, or for a noise outside those of `discreteGaussian`
 * @see Kairouz et al., Practical and private (deep) learning without sampling or shuffling, ICML 2021; for the rest
 *   toeplitz-factorization.ts
 */
export function matrixFactorization({
  bands,
  dimension,
  gridSteps,
  noiseMultiplier,
  delta,
  neighboringRelation,
  privacyUnit = 'employee',
  ...participation
}: Participation & {
  bands: number;
  dimension: number;
  gridSteps: number;
  noiseMultiplier: number;
  delta: number;
  neighboringRelation: NeighboringRelation;
  privacyUnit?: PrivacyUnit | undefined;
}): MatrixFactorization {
  checkInteger('bands', bands, `[1, ${mostBands}]`);
  checkPositiveInteger({ dimension });
  checkInteger('gridSteps', gridSteps, `[1, ${2 ** 24}]`);
  checkPositive({ noiseMultiplier });
  const { rounds } = participation;
  // Rounding keeps the order.
  const coefficients = toeplitzCoefficients(bands).map((value) => Math.round(value * coefficientUnit));
  const sensitivity =
    factorizationSensitivity(coefficients, participation) * changeNorm(gridSteps, neighboringRelation);
  const noiseStddev = noiseMultiplier * sensitivity;
  // Refuses a noise out of range now, not in the first round.
  discreteGaussianVector({ length: 0, noiseStddev });

  return {
    mechanism: 'banded-toeplitz',
    coefficients,
    noiseMultiplier,
    noiseStddev,
    sensitivity,
    guarantee: accountMatrixFactorization({
      ...participation,
      coefficients,
      contributionNorm: gridSteps,
      noiseStddev,
      delta,
      dimension,
      neighboringRelation,
      privacyUnit,
    }),
    prefixSumStddev: prefixSumStddev(coefficients, rounds, noiseStddev),
    stream(random = secureRandom()) {
      // The last rounds' sums and releases, each in the place of the one that the bands no longer reach.
      const sums = Array.from({ length: bands }, () => new Int32Array(dimension));
      const releases = Array.from({ length: bands }, () => new Float64Array(dimension));
      let round = 0;
      return {
        release(sum) {
          if (round >= rounds) throw new RangeError(`release must be called at most ${rounds} times`);
          checkArray('sum', sum, Int32Array, dimension);
          const noised = discreteGaussianVector({ length: dimension, noiseStddev }, random);
          const place = round % bands;
          sums[place] = sum.slice();
          addBands(noised, sums, 0, 1);
          addBands(noised, releases, 1, -1);
          releases[place] = noised.map((value) => value / coefficients[0]!);
          round += 1;
          return Float64Array.from(releases[place]);
        },
      };

      // Adds `sign` times the sum over j >= first of a_j history_{t - j}.
      function addBands(
        target: Float64Array,
        history: readonly ArrayLike<number>[],
        first: number,
        sign: 1 | -1,
      ): void {
        for (let j = first; j < bands && j <= round; j += 1) {
          const past = history[(round - j) % bands]!;
          const factor = sign * coefficients[j]!;
          for (let k = 0; k < dimension; k += 1) target[k]! += factor * past[k]!;
        }
      }
    },
  };
}
