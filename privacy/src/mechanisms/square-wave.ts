import { checkIn, checkInteger, sumOfCounts } from '../numerics/checks.ts';
import { exponential } from './truth-weight.ts';
import { tableChannel, weightTotal, type Channel } from './channel.ts';
import { ceilDivide, fixedBits, fixedExp, fixedOne, fractionOfDouble } from '../numerics/exponential.ts';

/**
 * A channel for ordered answers: outputs near the answer are likelier than all others. With "no answer" that is input 0
 * and output 0, and the answers and cells follow; without it they start at 0.
 */
export interface SquareWave extends Channel {
  readonly mechanism: 'square-wave';
  /** How many ordered answers there are: answer i is the point (i + 1/2) / answers of [0, 1]. */
  readonly answers: number;
  /** How many equal cells of [-b, 1 + b] outputs are. */
  readonly cells: number;
  readonly noAnswer: boolean;
  /** Half the width of the likely window around an answer; the three are those given a cell, before cells are cut. */
  readonly b: number;
  /** Density within the window. */
  readonly p: number;
  /** Density elsewhere. */
  readonly q: number;
}

/**
 * The square wave mechanism, cut into cells, for the distribution of an ordered answer with many values; see
 * `estimateDistribution`. Pure epsilon, replace-one on the answer, its absence included where there is a "no answer".
 *
 * Where cells are wider than the window, at a large epsilon and with few of them, `realizedEpsilon` stays below epsilon:
 * what it could buy is not used, and randomized response is better.
 *
 * @param answers integer in [2, 256]
 * @param epsilon in [1e-6, 20]
 * @param cells integer in [2, 256]; as many as answers unless it is given
 * @param noAnswer whether there is an input for no answer; false unless it is given
 * @throws {RangeError} outside these ranges
 * @see Li, Wang, Lopuhaä-Zwakenberg, Li and Škoric, Estimating numerical distributions under local differential
 *   privacy, SIGMOD 2020
 */
export function squareWave({
  answers,
  epsilon,
  cells = answers,
  noAnswer = false,
}: {
  answers: number;
  epsilon: number;
  cells?: number | undefined;
  noAnswer?: boolean | undefined;
}): SquareWave {
  checkInteger('answers', answers, '[2, 256]');
  checkInteger('cells', cells, '[2, 256]');
  checkIn('epsilon', epsilon, '[1e-6, 20]');
  const ratio = fixedExp(epsilon);
  const b = halfWidth(epsilon, ratio);
  const rows = integerWeights({ answers, cells, noAnswer, ratio, b });
  const width = Number(b) / Number(fixedOne);
  const growth = exponential(epsilon);
  const q = 1 / (2 * width * growth + 1);
  return {
    ...tableChannel({ mechanism: 'square-wave', epsilon, rows }),
    answers,
    cells,
    noAnswer,
    b: width,
    p: growth * q,
    q,
  };
}

/**
 * The b with the most mutual information between answer and output, with r = e^eps:
 *   b = (eps r - r + 1) / (2 r (r - 1 - eps)).
 * For small epsilon both parts are differences of nearly equal numbers, of order eps^2 > 2^-40: 128 bits leave 88.
 */
function halfWidth(epsilon: number, ratio: bigint): bigint {
  const [numerator, denominator] = fractionOfDouble(epsilon);
  const fixedEpsilon = (numerator << fixedBits) / denominator;
  const above = ((fixedEpsilon * ratio) >> fixedBits) - ratio + fixedOne;
  const below = 2n * ratio * (ratio - fixedOne - fixedEpsilon);
  return (above << (2n * fixedBits)) / below;
}

/**
 * Every cell gets `low`, and the part of the window that lies over it the same part of `excess`: the integral of the
 * density over the cell.
 *
 * "No answer" is one more cell, b wide. All answers give it what falls on that width outside their windows, and no
 * answer e^eps times as much; what is then left for the other cells, evenly, is more than `low`, because this window is
 * narrower than that of an answer, and less than e^eps times `low`.
 */
function integerWeights({
  answers,
  cells,
  noAnswer,
  ratio,
  b,
}: {
  answers: number;
  cells: number;
  noAnswer: boolean;
  ratio: bigint;
  b: bigint;
}): bigint[][] {
  // In units of 2^-128 / (2 answers cells) all edges are integers.
  const scale = 2n * BigInt(answers * cells);
  const window = 2n * b * scale;
  const whole = (fixedOne + 2n * b) * scale;
  const cell = whole / BigInt(cells);
  const none = noAnswer ? b * scale : 0n;

  // With n = 2^64 to share out, excess = n - low (whole + none) / cell, and a cell within the window must not get more
  // than e^eps low: low + excess cell / window + 1 <= r low, the 1 for rounding, asks for
  //   low >= (n cell + window) / (whole + none + window (r - 1)), rounded up, towards less loss.
  const low = ceilDivide(
    (weightTotal * cell + window) * fixedOne,
    (whole + none) * fixedOne + window * (ratio - fixedOne),
  );
  const lowNone = ceilDivide(low * none, cell);
  const excess = weightTotal - low * BigInt(cells) - lowNone;

  const rows: bigint[][] = [];
  if (noAnswer) {
    const rest = ceilDivide(weightTotal - ((lowNone * ratio) >> fixedBits), BigInt(cells));
    rows.push([weightTotal - rest * BigInt(cells), ...Array.from({ length: cells }, () => rest)]);
  }
  for (let answer = 0; answer < answers; answer += 1) {
    // From the first cell's edge at -b to the answer less b it is (answer + 1/2) / answers.
    const start = BigInt((2 * answer + 1) * cells) * fixedOne;
    const row = noAnswer ? [lowNone] : [];
    // Differences of rounded sums: every row comes to the same.
    let before = 0n;
    for (let index = 1; index <= cells; index += 1) {
      const inside = cell * BigInt(index) - start;
      const upTo = (excess * (inside < 0n ? 0n : inside > window ? window : inside)) / window;
      row.push(low + upTo - before);
      before = upTo;
    }
    rows.push(row);
  }
  return rows;
}

/** The distribution of an ordered answer. */
export interface DistributionEstimate {
  /** How many reports were counted, those without an answer included. */
  readonly respondents: number;
  /** The share of respondents who answer; 1 where there is no "no answer". */
  readonly answered: number;
  /** Each answer's share among those who answer: >= 0, with sum 1. NaN where nobody seems to answer. */
  readonly shares: readonly number[];
  /** How often the shares were improved. */
  readonly iterations: number;
}

const mostIterations = 10_000;

/**
 * The distribution of the answers by expectation maximization, smoothed after every step (EMS), which keeps the noise
 * from being fitted. A picture of the whole: biased, smoother than the truth, and without intervals. "No answer" is
 * estimated along with the answers, never smoothed, and divided out of the shares at the end.
 *
 * The paper smooths with (1, 2, 1) / 4 over hundreds of answers. Over twenty these weights flatten whatever has more
 * than one heap, for they act on distances between answers; unless others are given, weights are scaled so that they
 * blur as much of the whole range as (1, 2, 1) / 4 does with 256 answers. In simulations with 20 to 256 answers of one
 * heap and of two, at epsilon 1 and 2, no other weight was much better.
 *
 * @param channel from `squareWave`, or any other whose inputs are ordered
 * @param counts how often each output came, expected counts allowed
 * @param smoothing the weight of each neighbour, in [0, 0.25]; 0 goes for the maximum of the likelihood
 * @param tolerance stops where an iteration changes the log-likelihood by less; unless it is given e^epsilon / 1000, but
 *   no more than 1: a large epsilon would stop before anything was learned
 * @throws {RangeError} for counts that do not fit the channel, or none at all
 * @see Li et al., SIGMOD 2020
 */
export function estimateDistribution({
  channel,
  counts,
  smoothing = 0.25 * Math.min(1, channel.inputs / 256) ** 2,
  tolerance = Math.min(1, 1e-3 * Math.exp(channel.epsilon)),
}: {
  channel: Pick<Channel, 'inputs' | 'outputs' | 'epsilon' | 'probability'> & { readonly noAnswer?: boolean };
  counts: readonly number[];
  smoothing?: number | undefined;
  tolerance?: number | undefined;
}): DistributionEstimate {
  const { inputs, outputs } = channel;
  const respondents = sumOfCounts(counts, outputs);
  checkIn('tolerance', tolerance, '[0, Infinity]');
  checkIn('smoothing', smoothing, '[0, 0.25]');

  const rows = Array.from({ length: inputs }, (_, input) =>
    Float64Array.from({ length: outputs }, (_unused, output) => channel.probability(input, output)),
  );
  const first = channel.noAnswer === true ? 1 : 0;
  let shares: number[] = Array.from({ length: inputs }, () => 1 / inputs);
  let likelihood = -Infinity;
  let iterations = 0;
  for (; iterations < mostIterations; iterations += 1) {
    const expected = counts.map((_, output) =>
      shares.reduce((sum, share, input) => sum + share * rows[input]![output]!, 0),
    );
    const before = likelihood;
    likelihood = counts.reduce((sum, count, output) => sum + count * Math.log(expected[output]!), 0);
    if (Math.abs(likelihood - before) < tolerance) break;
    // Each report is shared out among the inputs by how likely it came from them.
    const weights = counts.map((count, output) => count / respondents / expected[output]!);
    shares = shares.map(
      (share, input) => share * weights.reduce((sum, w, output) => sum + w * rows[input]![output]!, 0),
    );
    shares = smooth(shares, first, smoothing);
  }
  const answers = shares.slice(first);
  const answered = first === 0 ? 1 : answers.reduce((sum, share) => sum + share, 0);
  return { respondents, answered, shares: answers.map((share) => share / answered), iterations };
}

// Where a neighbour is missing the share takes its place, so that the sum stays.
function smooth(shares: readonly number[], first: number, weight: number): number[] {
  return shares.map((share, input) => {
    if (input < first) return share;
    const left = input > first ? shares[input - 1]! : share;
    const right = shares[input + 1] ?? share;
    return share + weight * (left - 2 * share + right);
  });
}
