import { tableChannel, weightTotal, type Channel } from './channel.ts';
import { ceilDivide, expFixedPoint } from '../numerics/exponential.ts';
import { chooseGrid, type GridChoice } from './numeric-mean-grid.ts';
import { secureRandom, type RandomSource } from '../sampling/random.ts';

/**
 * A channel for a number t in [-1, 1] or no answer: input 0 is no answer, inputs 1 .. m + 1 are the grid points
 * 2 j / m - 1; output 0 is "none", the others are values.
 */
export interface NumericMean extends Channel {
  readonly mechanism: 'duchi-with-no-answer' | 'hybrid-with-no-answer';
  readonly noAnswerEpsilonShare: number;
  /** By output: an unbiased estimate of t where there is an answer, and of 0 where there is none. */
  readonly decode: Float64Array;
  /** By output: an unbiased estimate of 1 where there is an answer, and of 0 where there is none. */
  readonly answered: Float64Array;
  /** The largest `variance` over [-1, 1]. */
  readonly worstCaseVariance: number;
  /** The variance of one decoded report of an answer t in [-1, 1], the rounding to the grid included. */
  variance(t: number): number;
  /**
   * The input for an answer: t rounded to a neighbouring grid point so that its mean is t. Always one draw.
   *
   * @throws {RangeError} for a number outside [-1, 1], before anything is drawn
   */
  encode(value: number | null, random?: RandomSource): number;
}

const bits = 128n;
const one = 1n << bits;
const twoTo64 = 2 ** 64;

/**
 * The mean of numbers by Duchi's mechanism, mixed with a discrete piecewise mechanism where that has less variance.
 * Pure epsilon, replace-one on the answer, its absence included.
 *
 * @param epsilon in [1e-6, 20]
 * @param noAnswerEpsilonShare how much of epsilon hides whether there is an answer, in (0, .45]
 * @throws {RangeError} outside these ranges
 * @see Wang et al., Collecting and analyzing multidimensional data with local differential privacy, ICDE 2019,
 *   sections III-A to III-C; Duchi, Jordan and Wainwright, JASA 2018, section 3
 */
export function numericMean({
  epsilon,
  noAnswerEpsilonShare = 0.2,
}: {
  epsilon: number;
  noAnswerEpsilonShare?: number | undefined;
}): NumericMean {
  checkIn('epsilon', epsilon, '[1e-6, 20]');
  checkIn('noAnswerEpsilonShare', noAnswerEpsilonShare, '(0, 0.45]');
  const grid = chooseGrid({ epsilon, noAnswerEpsilonShare });
  const weights = integerWeights({ epsilon, noAnswerEpsilonShare, grid });
  const { mechanism } = grid;
  const channel = tableChannel({ mechanism, epsilon, rows: weights.rows });

  // With weights a for "none" on an answer and b on no answer, solve
  //   Pr[none | answer] x + Pr[value | answer] y = 1 and Pr[none | no answer] x + Pr[value | no answer] y = 0.
  const noneOnAnswer = channel.probability(1, 0);
  const noneOnNoAnswer = channel.probability(0, 0);
  const gap = noneOnNoAnswer - noneOnAnswer;
  const answered = new Float64Array(channel.outputs).fill(noneOnNoAnswer / gap);
  answered[0] = -(1 - noneOnNoAnswer) / gap;

  // The second moment at the grid points; stochastic rounding makes it linear in between.
  const decode = weights.decode;
  const secondMoment = new Float64Array(grid.steps + 1).map((_, point) =>
    decode.reduce((sum, value, output) => sum + channel.probability(point + 1, output) * value * value, 0),
  );

  return {
    ...channel,
    mechanism,
    noAnswerEpsilonShare,
    decode,
    answered,
    worstCaseVariance: largestVariance(secondMoment),
    variance(t) {
      checkIn('t', t, '[-1, 1]');
      const { point, fraction } = locate(t, grid.steps);
      return secondMoment[point]! * (1 - fraction) + secondMoment[point + 1]! * fraction - t * t;
    },
    encode(value, random = secureRandom()) {
      if (value !== null && !(value >= -1 && value <= 1)) {
        throw new RangeError(`value must be null or in [-1, 1], got ${value}`);
      }
      // No answer takes the same path as the number 0, and draws as much.
      const { point, fraction } = locate(value ?? 0, grid.steps);
      const uniform = Number(random.nextUint64() >> 11n) * 2 ** -53;
      const rounded = point + Number(uniform < fraction) + 1;
      return rounded * Number(value !== null);
    },
  };
}

// The grid point at or below t and how far t is towards the next one; t = 1 is all the way from the last but one.
function locate(t: number, steps: number): { point: number; fraction: number } {
  const position = ((t + 1) / 2) * steps;
  const point = Math.min(Math.floor(position), steps - 1);
  return { point, fraction: position - point };
}

// Between two grid points the variance is a + b t - t^2, largest at b / 2 or at an end.
function largestVariance(secondMoment: Float64Array): number {
  const steps = secondMoment.length - 1;
  let largest = 0;
  for (let point = 0; point < steps; point += 1) {
    const left = (2 * point) / steps - 1;
    const right = (2 * (point + 1)) / steps - 1;
    const slope = (secondMoment[point + 1]! - secondMoment[point]!) / (right - left);
    const t = Math.min(right, Math.max(left, slope / 2));
    largest = Math.max(largest, secondMoment[point]! + slope * (t - left) - t * t);
  }
  return largest;
}

/**
 * Integer rows and the decoding that inverts them.
 *
 * "None" is drawn first. With eps1 = share * epsilon, let q0 = Pr[none | t] and p0 = Pr[none | no answer]; both
 * ratios are used up where p0 / q0 = e^eps and (1 - q0) / (1 - p0) = e^eps1, hence q0 = (e^eps1 - 1) / (e^(eps +
 * eps1) - 1). Given a value, no answer draws it uniformly: in the middle, so that an answer's probability of a
 * value exceeds it by less than e^(eps - eps1), and two answers may differ by the full e^eps. (Duchi:
 * 2 e^eps / (e^eps + 1) <= e^(eps - eps1) up to eps1 = ln((e^eps + 1) / 2) >= eps / 2, where the channel becomes
 * three-letter randomized response: that one is the same family with a larger q0, and more variance.)
 */
function integerWeights({
  epsilon,
  noAnswerEpsilonShare,
  grid,
}: {
  epsilon: number;
  noAnswerEpsilonShare: number;
  grid: GridChoice;
}): { rows: bigint[][]; decode: Float64Array } {
  const { cells, window, steps } = grid;
  const ratio = expFixedPoint(epsilon, Number(bits)).lower;
  const noneRatio = expFixedPoint(noAnswerEpsilonShare * epsilon, Number(bits)).lower;
  let none = ((noneRatio - one) << 64n) / (((ratio * noneRatio) >> bits) - one);
  const values = weightTotal - none;

  // Piecewise cells: low, and high within the window; high is rounded down, so that high / low <= e^eps.
  let low = 0n;
  let high = 0n;
  if (cells > 0) {
    const share = (values * BigInt(Math.floor(grid.piecewiseShare * 2 ** 53))) >> 53n;
    low = ceilDivide(share << bits, BigInt(window) * ratio + (BigInt(cells - window) << bits));
    high = (low * ratio) >> bits;
  }
  // Duchi's two outputs take the rest. Their difference is made a multiple of the steps, so that it is exactly
  // linear over the grid; the few units left over go to "none".
  const piecewise = BigInt(window) * high + BigInt(cells - window) * low;
  const rest = values - piecewise;
  const lesser = ceilDivide(rest << bits, one + ratio);
  const step = (rest - 2n * lesser) / BigInt(steps);
  const difference = step * BigInt(steps);
  none += rest - 2n * lesser - difference;

  const rows: bigint[][] = [noAnswerRow({ none, ratio, cells, piecewise, values })];
  for (let point = 0; point <= steps; point += 1) {
    const row = [none];
    for (let cell = 0; cell < cells; cell += 1) row.push(cell >= point && cell < point + window ? high : low);
    const plus = lesser + step * BigInt(point);
    rows.push([...row, 2n * lesser + difference - plus, plus]);
  }

  // Cells are numbered x = i - (cells - 1) / 2 from the middle. The window of point j has its middle at
  // j - steps / 2 = t steps / 2, so E[x] = (high - low) window t steps / 2: dividing by the factor of t leaves t
  // from the piecewise part, and dividing +-1 by `difference` leaves t from Duchi's. The two are weighted by how
  // often each is drawn.
  const decode = new Float64Array(cells + 3);
  const part = Number(piecewise) / Number(piecewise + 2n * lesser + difference);
  for (let cell = 0; cell < cells; cell += 1) {
    const factor = (Number(high - low) / twoTo64) * window * (steps / 2);
    decode[cell + 1] = ((cell - (cells - 1) / 2) / factor) * part;
  }
  const unit = ((1 - part) * twoTo64) / Number(difference);
  decode[cells + 1] = -unit;
  decode[cells + 2] = unit;
  return { rows, decode };
}

// "None" gets at most e^eps times its weight on an answer; what the uniform split cannot place comes off it.
function noAnswerRow(parts: {
  none: bigint;
  ratio: bigint;
  cells: number;
  piecewise: bigint;
  values: bigint;
}): bigint[] {
  const rest = weightTotal - ((parts.none * parts.ratio) >> bits);
  const cell = parts.cells === 0 ? 0n : (rest * parts.piecewise) / (parts.values * BigInt(parts.cells));
  const half = ceilDivide(rest - cell * BigInt(parts.cells), 2n);
  const none = weightTotal - cell * BigInt(parts.cells) - 2n * half;
  return [none, ...Array.from({ length: parts.cells }, () => cell), half, half];
}
