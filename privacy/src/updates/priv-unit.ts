import { checkArray, checkIndex, checkInteger, checkLength, checkPositive } from '../numerics/checks.ts';
import { realizeEpsilon, weightTotal } from '../mechanisms/channel.ts';
import { truthWeight } from '../mechanisms/truth-weight.ts';
import type { PrivacyUnit } from '../accounting/guarantee.ts';
import { bernoulli, secureRandom, uniformInteger, type RandomSource } from '../sampling/random.ts';
import { bestCap, candidateMoments, type CandidateMoments } from './candidate-cap.ts';
import { clip } from './clipping.ts';
import { calibratePrivUnit, type PrivUnitVariant } from './priv-unit-calibration.ts';
import { candidateScores, candidateVector, type CandidateSeed } from './seeded-candidates.ts';

/** What a device sends, some 18 bytes whatever the dimension: a public seed, and which of its vectors was chosen. */
export interface PrivUnitReport {
  /** Four words, drawn without regard to the vector. */
  readonly seed: CandidateSeed;
  /** In 0 .. candidates - 1. */
  readonly index: number;
}

/** A pure randomizer of vectors of bounded L2 norm. */
export interface PrivUnit {
  readonly mechanism: PrivUnitVariant;
  readonly dimension: number;
  readonly clippingNorm: number;
  /** The epsilon asked for. */
  readonly epsilon: number;
  /** The epsilon of the integer probabilities, never above `epsilon`. */
  readonly realizedEpsilon: number;
  readonly neighboringRelation: 'replace-one';
  readonly privacyUnit: PrivacyUnit;
  /** How many vectors a seed stands for. */
  readonly candidates: number;
  /** How many of them, always, form the cap of a vector. */
  readonly capSize: number;
  /** Numerator over 2n ** 64n of the probability that a report is one of the cap. */
  readonly capWeight: bigint;
  /** E[<chosen candidate, direction>] for a direction of norm 1. */
  readonly gain: number;
  /** E[|decoded - vector|^2] for the worst vector of norm up to `clippingNorm`. */
  readonly squaredError: number;
  /**
   * Clips the vector to `clippingNorm` and draws a report, with the same random words and the same work for all vectors.
   *
   * @throws {RangeError} unless it holds `dimension` finite numbers, before anything is drawn
   */
  privatize(vector: ArrayLike<number>, random?: RandomSource): PrivUnitReport;
  /**
   * An estimate of the clipped vector, unbiased up to the quantization of the candidates: a relative 2e-4 at most, and
   * 2e-5 for up to 1,024 candidates.
   *
   * @throws {RangeError} for a report that the mechanism cannot produce
   */
  decode(report: PrivUnitReport): Float64Array;
}

// Beyond this, the best candidates fall in the outermost of the levels that normals are quantized to.
const mostCandidates = 4096;
// Where nothing is asked for: at least, at most, and coordinates that one report may take to make (some 15 ms).
const fewestByDefault = 64;
const mostByDefault = 1024;
const coordinatesByDefault = 2 ** 23;
// How much worse than its limit of infinitely many candidates the default may be.
const defaultExcess = 1.01;

/**
 * PrivUnit by seed: pure epsilon, replace-one on the whole vector, in integers.
 *
 * A public seed, drawn without regard to the vector, stands for N random vectors. The device sorts them by their inner
 * product with its own, the first m being the cap, and reports one of the cap with probability w / 2^64 (w is
 * `capWeight`), each of its m alike, or one of the other N - m, each alike. So whatever the vector, a report has one of
 * two probabilities, whose ratio w (N - m) / (m (2^64 - w)) is at most e^epsilon exactly. Floating-point numbers decide
 * which candidates form the cap, never how many or how likely: no rounding, and no flaw of the generator, can add to
 * epsilon. For N to infinity with m / N the probability of a cap it becomes PrivUnit.
 *
 * A vector g is clipped to norm C and made a direction of norm 1 by one more coordinate, (g, sqrt(C^2 - |g|^2)) / C,
 * which is dropped after decoding: its length survives, and costs nothing.
 *
 * @param dimension integer in [1, 1e7 - 1]
 * @param epsilon in [1e-6, 20]. A cap needs at least one candidate, so that beyond about 8 the error stays above the ideal
 * @param clippingNorm L2, finite and > 0
 * @param variant `privunit2` takes candidates of norm 1, `privunitG` with normal coordinates: the error is higher by a
 *   part of about 1 / dimension
 * @param candidates integer in [2, 4096]; by default as many as bring the error within 1% of PrivUnit's, at most 1,024
 * @throws {RangeError} outside these ranges
 * @see Bhowmick et al., Protection against reconstruction, 2018; Asi, Feldman and Talwar, ICML 2022; the seed as a
 *   message: Feldman and Talwar, Lossless compression of efficient private local randomizers, ICML 2021, and Shah, Chen,
 *   Balle, Kairouz and Theis, Optimal compression of locally differentially private mechanisms, AISTATS 2022
 */
export function privUnit({
  dimension,
  epsilon,
  clippingNorm,
  variant = 'privunit2',
  candidates: asked,
  privacyUnit = 'employee',
}: {
  dimension: number;
  epsilon: number;
  clippingNorm: number;
  variant?: PrivUnitVariant | undefined;
  candidates?: number | undefined;
  privacyUnit?: PrivacyUnit | undefined;
}): PrivUnit {
  checkInteger('dimension', dimension, '[1, 9999999]');
  checkPositive({ clippingNorm });
  if (asked !== undefined) checkInteger('candidates', asked, `[2, ${mostCandidates}]`);
  const length = dimension + 1;
  const normalized = variant === 'privunit2';
  const [candidates, capSize, moments] = chooseCandidates({ length, epsilon, variant, asked });

  // w (N - m) <= e^eps m (2^64 - w): w is rounded down, as is e^eps.
  const [cap, rest] = [BigInt(capSize), BigInt(candidates - capSize)];
  const capWeight = truthWeight(epsilon, [capSize, candidates]);
  const realizedEpsilon = realizeEpsilon(epsilon, [capWeight * rest, cap * (weightTotal - capWeight)]);

  // Each of the cap is likelier than each of the rest by this; all inner products together have the mean 0. The
  // numerator is exact, since for a tiny epsilon two nearly equal probabilities are subtracted.
  const advantage =
    Number(capWeight * BigInt(candidates) - weightTotal * cap) / (2 ** 64 * capSize * (candidates - capSize));
  const gain = advantage * moments(capSize);
  const excess = advantage * moments(capSize, 1);
  const across = normalized ? (1 - excess) / length : 1;
  // By symmetry the chosen candidate z has E[z z^T] = c I + x u u^T for a direction u, where x is the `excess` and, of
  // d + 1 coordinates, c = 1 for normals and (1 - x) / (d + 1) for norm 1. Of a vector g = C r u' with a share r^2 of the
  // direction's square, the d coordinates of z / gain - u without the last one have the mean square
  //   (d c + x r^2) / gain^2 - r^2,
  // linear in r^2: the worst is at 0 or 1.
  const squaredError = (clippingNorm / gain) ** 2 * (dimension * across + Math.max(0, excess - gain ** 2));

  return {
    mechanism: variant,
    dimension,
    clippingNorm,
    epsilon,
    realizedEpsilon,
    neighboringRelation: 'replace-one',
    privacyUnit,
    candidates,
    capSize,
    capWeight,
    gain,
    squaredError,
    privatize(vector, random = secureRandom()) {
      checkLength('vector', vector, dimension);
      const direction = padToUnit(vector, clippingNorm);
      const seed = Uint32Array.from({ length: seedWords }, () => random.nextUint32());
      // All three are drawn whatever comes out, and how many words a uniform number takes depends on its bound alone.
      const inCap = bernoulli(capWeight, random);
      const capRank = uniformInteger(capSize, random);
      const restRank = capSize + uniformInteger(candidates - capSize, random);
      const scores = candidateScores(direction, { seed, length, normalized, candidates });
      return { seed, index: indexOfRank(scores, inCap ? capRank : restRank) };
    },
    decode({ seed, index }) {
      checkArray('seed', seed, Uint32Array, seedWords);
      return candidateVector(checkIndex('index', index, candidates), { seed, length, normalized })
        .subarray(0, dimension)
        .map((z) => (z / gain) * clippingNorm);
    },
  };
}

const seedWords = 4;

// (g, sqrt(C^2 - |g|^2)) / C for the clipped g. Scores only rank, so that the last places of its norm do not matter.
function padToUnit(vector: ArrayLike<number>, clippingNorm: number): Float64Array {
  const direction = new Float64Array(vector.length + 1);
  direction.set(clip(vector, clippingNorm).map((value) => value / clippingNorm));
  const squares = direction.reduce((sum, value) => sum + value * value, 0);
  direction[vector.length] = Math.sqrt(Math.max(0, 1 - squares));
  return direction;
}

/** The index whose score is the rank-th largest, the lower index first among equals; the same work for all scores. */
function indexOfRank(scores: Float64Array, rank: number): number {
  let found = 0;
  for (let index = 0; index < scores.length; index += 1) {
    const score = scores[index]!;
    let above = 0;
    for (let other = 0; other < scores.length; other += 1) {
      above += Number(other < index ? scores[other]! >= score : scores[other]! > score);
    }
    // All ones at the rank, all zeros elsewhere.
    found |= index & -Number(above === rank);
  }
  return found;
}

/** As many candidates as were asked for, or the default; and the best cap of them. */
function chooseCandidates({
  length,
  epsilon,
  variant,
  asked,
}: {
  length: number;
  epsilon: number;
  variant: PrivUnitVariant;
  asked: number | undefined;
}): [candidates: number, capSize: number, moments: CandidateMoments] {
  const ideal = calibratePrivUnit({ dimension: length, epsilon, variant });
  const ratio = Math.exp(epsilon);
  // The squared error of a direction, up to a constant factor.
  const error = (gain: number): number => 1 / gain ** 2 - (variant === 'privunit2' ? 1 : 0);
  const limit = Math.min(mostByDefault, Math.max(fewestByDefault, coordinatesByDefault / length));
  for (let candidates = asked ?? fewestByDefault; ; candidates *= 2) {
    const moments = candidateMoments(variant, length, candidates);
    const [capSize, gain] = bestCap(moments, { candidates, ratio, start: Math.round(ideal.q * candidates) });
    const isEnough = error(gain) <= defaultExcess * error(ideal.gain);
    if (asked !== undefined || isEnough || candidates * 2 > limit) return [candidates, capSize, moments];
  }
}
