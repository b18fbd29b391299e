import { checkIn } from '../numerics/checks.ts';
import { tableChannel, weightTotal, type Channel } from './channel.ts';
import { ceilDivide, fixedBits, fixedExp, fixedOne } from '../numerics/exponential.ts';
import { chooseGrid, locate, type GridChoice } from './numeric-mean-grid.ts';
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
  /**
   * The input for an answer: t rounded to a neighbouring grid point so that its mean is t. Always one draw.
   *
   * @throws {RangeError} for a number outside [-1, 1], before anything is drawn
   */
  encode(value: number | null, random?: RandomSource): number;
}

const twoTo64 = 2 ** 64;

/**
 * The mean of numbers by Duchi's mechanism, mixed with a discrete piecewise mechanism where that has less variance.
 * Pure epsilon, replace-one on the answer, its absence included.
 *
 * @param epsilon in [1e-6, 20]
 * @param noAnswerEpsilonShare how much of epsilon hides whether there is an answer, in [1e-6, .45]
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
  checkIn('noAnswerEpsilonShare', noAnswerEpsilonShare, '[1e-6, 0.45]');
  const grid = chooseGrid(epsilon, noAnswerEpsilonShare);
  const [rows, decode] = integerWeights(grid, fixedExp(epsilon), fixedExp(noAnswerEpsilonShare * epsilon));
  return {
    ...tableChannel({ mechanism: grid.mechanism, epsilon, rows }),
    noAnswerEpsilonShare,
    decode,
    encode(value, random = secureRandom()) {
      if (value !== null) checkIn('value', value, '[-1, 1]');
      // No answer takes the same path as the number 0, and draws as much.
      const [point, fraction] = locate(value ?? 0, grid.steps);
      const uniform = Number(random.nextUint64() >> 11n) * 2 ** -53;
      const rounded = point + Number(uniform < fraction) + 1;
      return rounded * Number(value !== null);
    },
  };
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
function integerWeights(
  { cells, window, steps, piecewiseShare }: GridChoice,
  ratio: bigint,
  noneRatio: bigint,
): [rows: bigint[][], decode: Float64Array] {
  let none = ((noneRatio - fixedOne) << 64n) / (((ratio * noneRatio) >> fixedBits) - fixedOne);
  const values = weightTotal - none;

  // Piecewise cells: low, and high within the window; high is rounded down, so that high / low <= e^eps.
  let low = 0n;
  let high = 0n;
  if (cells > 0) {
    const share = (values * BigInt(Math.floor(piecewiseShare * 2 ** 53))) >> 53n;
    low = ceilDivide(share << fixedBits, BigInt(window) * ratio + (BigInt(cells - window) << fixedBits));
    high = (low * ratio) >> fixedBits;
  }
  // Duchi's two outputs take the rest. Their difference is made a multiple of the steps, so that it is exactly
  // linear over the grid; the few units left over go to "none".
  const piecewise = BigInt(window) * high + BigInt(cells - window) * low;
  const rest = values - piecewise;
  const lesser = ceilDivide(rest << fixedBits, fixedOne + ratio);
  const step = (rest - 2n * lesser) / BigInt(steps);
  const difference = step * BigInt(steps);
  none += rest - 2n * lesser - difference;

  // "None" gets at most e^eps times its weight on an answer; what the uniform split cannot place comes off it.
  const left = weightTotal - ((none * ratio) >> fixedBits);
  const even = cells === 0 ? 0n : (left * piecewise) / (values * BigInt(cells));
  const half = ceilDivide(left - even * BigInt(cells), 2n);
  const row = (first: bigint, cell: (index: number) => bigint, minus: bigint, plus: bigint): bigint[] => [
    first,
    ...Array.from({ length: cells }, (_, index) => cell(index)),
    minus,
    plus,
  ];
  const rows = [row(weightTotal - even * BigInt(cells) - 2n * half, () => even, half, half)];
  for (let point = 0; point <= steps; point += 1) {
    const plus = lesser + step * BigInt(point);
    const likely = (index: number): boolean => index >= point && index < point + window;
    rows.push(row(none, (index) => (likely(index) ? high : low), 2n * lesser + difference - plus, plus));
  }

  // Cells are numbered x = i - (cells - 1) / 2 from the middle. The window of point j has its middle at
  // j - steps / 2 = t steps / 2, so E[x] = (high - low) window t steps / 2: dividing by the factor of t leaves t
  // from the piecewise part, and dividing +-1 by `difference` leaves t from Duchi's. The two are weighted by how
  // often each is drawn.
  const decode = new Float64Array(cells + 3);
  const part = Number(piecewise) / Number(piecewise + 2n * lesser + difference);
  const factor = (Number(high - low) / twoTo64) * window * (steps / 2);
  for (let cell = 0; cell < cells; cell += 1) decode[cell + 1] = ((cell - (cells - 1) / 2) / factor) * part;
  const unit = ((1 - part) * twoTo64) / Number(difference);
  decode.set([-unit, unit], cells + 1);
  return [rows, decode];
}
