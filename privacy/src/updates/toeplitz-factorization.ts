import { checkIn, checkOneOf, checkPositive, checkPositiveInteger } from '../numerics/checks.ts';
import { discreteGaussianEpsilon } from '../accounting/discrete-gaussian-accounting.ts';
import { gaussianEpsilon } from '../accounting/gaussian-accounting.ts';
import type { Guarantee, NeighboringRelation, PrivacyUnit } from '../accounting/guarantee.ts';

/*
 * Training releases running sums A x of the rounds' sums x (A: ones on and below the diagonal). Noise of its own in every
 * round adds up along a running sum; with A = B C the noised C x + z gives A x + B z, and a good C takes a little more
 * noise z to hide one person in C x, and much less of it remains in B z. Here C is lower triangular and Toeplitz: its
 * first column are the coefficients c_0 = 1 >= c_1 >= ... >= 0, and the best choice has A = C C.
 */

/** In which rounds one person may take part; public, and the same in neighbouring data. */
export interface Participation {
  /** Integer >= 1. */
  readonly rounds: number;
  /** In how many rounds at most, integer >= 1; 1 unless given. */
  readonly participations?: number | undefined;
  /** At least so many rounds from one to the next, integer >= 1; needed where there are several. */
  readonly minimumSeparation?: number | undefined;
}

/**
 * The square root of A, c_k = binomial(2k, k) / 4^k, cut after `bands` coefficients; one band is independent noise.
 *
 * @param bands integer >= 1
 * @throws {RangeError} outside
 * @see Fichtenberger, Henzinger and Upadhyay, Constant matters, ICML 2023, theorem 2; the bands: Choquette-Choo et al.,
 *   (Amplified) banded matrix factorization, NeurIPS 2023
 */
export function toeplitzCoefficients(bands: number): Float64Array {
  checkPositiveInteger({ bands });
  const coefficients = new Float64Array(bands).fill(1);
  for (let k = 1; k < bands; k += 1) coefficients[k] = (coefficients[k - 1]! * (2 * k - 1)) / (2 * k);
  return coefficients;
}

/**
 * The largest L2 norm of C x where one person, with vectors of norm up to 1, takes part as described. Exact.
 *
 * @param coefficients not negative, not increasing
 * @throws {RangeError} unless they are so, for counts out of range, and for several participations without separation
 * @see Choquette-Choo et al., Multi-epoch matrix factorization, ICML 2023, corollary 2.1; Kalinin and Lampert, Banded
 *   square root matrix factorization, NeurIPS 2024, theorem 2
 */
export function factorizationSensitivity(
  coefficients: ArrayLike<number>,
  { rounds, participations = 1, minimumSeparation: separation }: Participation,
): number {
  checkCoefficients(coefficients);
  checkPositiveInteger({ rounds, participations });
  if (participations > 1 && separation === undefined) {
    throw new RangeError(`minimumSeparation must be given for ${participations} participations, got ${separation}`);
  }
  const minimumSeparation = separation ?? rounds;
  checkPositiveInteger({ minimumSeparation });
  // |C x|^2 is the sum over pairs of participations of <column i, column j> <x_i, x_j>, and no product of columns is
  // negative: the worst vectors are all the same. For i < j it is the sum over s < rounds - j of c_s c_{s + j - i}, which
  // grows when j, or the gap, gets smaller: the worst rounds are 0, b, 2b, ..., and with fewer than b bands they do not
  // overlap.
  let squares = 0;
  for (let round = 0; round < rounds; round += 1) {
    let sum = 0;
    for (let nth = 0; nth < participations && nth * minimumSeparation <= round; nth += 1) {
      sum += coefficients[round - nth * minimumSeparation] ?? 0;
    }
    squares += sum ** 2;
  }
  return Math.sqrt(squares);
}

/**
 * The standard deviation that the noise z leaves in the running sums: in the worst, and as the root of the mean
 * square over all rounds.
 *
 * @throws {RangeError} as for `factorizationSensitivity`
 */
export function prefixSumStddev(
  coefficients: ArrayLike<number>,
  rounds: number,
  noiseStddev: number,
): { largest: number; rootMeanSquare: number } {
  checkCoefficients(coefficients);
  checkPositiveInteger({ rounds });
  // C^-1 is Toeplitz too; its first column w solves w_t = [t = 0] - sum over j >= 1 of c_j w_{t - j}. B = A C^-1 has the
  // running sums of w as its first column, and in its row t all of them up to t.
  const inverse = new Float64Array(rounds);
  let running = 0;
  let rowSquares = 0;
  let allSquares = 0;
  for (let round = 0; round < rounds; round += 1) {
    let value = round === 0 ? 1 : 0;
    for (let j = 1; j < coefficients.length && j <= round; j += 1) value -= coefficients[j]! * inverse[round - j]!;
    inverse[round] = value / coefficients[0]!;
    running += inverse[round]!;
    rowSquares += running ** 2;
    allSquares += rowSquares;
  }
  return {
    largest: noiseStddev * Math.sqrt(rowSquares),
    rootMeanSquare: noiseStddev * Math.sqrt(allSquares / rounds),
  };
}

/**
 * The guarantee of releasing C x + z, and so of anything made from it, where later x may depend on earlier releases.
 *
 * @param contributionNorm largest L2 norm of what one person adds to a round's sum; finite and > 0
 * @param noiseStddev of z, in the same unit; finite and > 0
 * @param dimension of each round's sum, where z is discrete Gaussian and everything else integer; without it z is
 *   continuous
 * @param neighboringRelation replace-one lets a contribution change by twice its norm
 * @throws {RangeError} for an argument out of range
 * @see Denisov, McMahan, Rush, Smith and Thakurta, Improved differential privacy for SGD via optimal private linear
 *   operators on adaptive streams, NeurIPS 2022, theorem 2.1
 */
export function accountMatrixFactorization({
  coefficients,
  contributionNorm,
  noiseStddev,
  delta,
  dimension,
  neighboringRelation,
  privacyUnit,
  ...participation
}: Participation & {
  coefficients: ArrayLike<number>;
  contributionNorm: number;
  noiseStddev: number;
  delta: number;
  dimension?: number | undefined;
  neighboringRelation: NeighboringRelation;
  privacyUnit: PrivacyUnit;
}): Guarantee {
  checkPositive({ noiseStddev });
  const sensitivity =
    factorizationSensitivity(coefficients, participation) * changeNorm(contributionNorm, neighboringRelation);
  // For a continuous z it is one Gaussian release of C x (Denisov et al.). For a discrete one, each round is
  // zero-concentrated by the square of what changes in it, and these squares sum to less than sensitivity^2 however x
  // is chosen: they compose to the same as one release of all rounds' coordinates.
  const epsilon =
    dimension === undefined
      ? gaussianEpsilon({ noiseMultiplier: noiseStddev / sensitivity, delta })
      : discreteGaussianEpsilon({ noiseStddev, sensitivity, delta, dimension: dimension * participation.rounds });
  return { epsilon, delta, accountant: 'matrix-factorization', neighboringRelation, privacyUnit };
}

/** The largest change of one contribution between neighbours. */
export function changeNorm(contributionNorm: number, neighboringRelation: NeighboringRelation): number {
  checkPositive({ contributionNorm });
  checkOneOf('neighboringRelation', neighboringRelation, 'replace-one', 'add-or-remove-one', 'zero-out');
  return neighboringRelation === 'replace-one' ? 2 * contributionNorm : contributionNorm;
}

function checkCoefficients(coefficients: ArrayLike<number>): void {
  checkPositive({ 'coefficients[0]': coefficients[0] ?? Number.NaN });
  for (let k = 1; k < coefficients.length; k += 1) {
    checkIn(`coefficients[${k}]`, coefficients[k]!, `[0, ${coefficients[k - 1]!}]`);
  }
}
