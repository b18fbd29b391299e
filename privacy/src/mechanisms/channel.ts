import { checkIn, checkIndex, checkInteger } from '../numerics/checks.ts';
import { expFixedPoint, type Fraction } from '../numerics/exponential.ts';
import { secureRandom, type RandomSource } from '../sampling/random.ts';

/** A finite randomizer with integer probabilities: what a device does to one answer before it leaves. */
export interface Channel {
  readonly mechanism: string;
  /** Inputs are 0 .. inputs - 1. */
  readonly inputs: number;
  /** Outputs are 0 .. outputs - 1. */
  readonly outputs: number;
  /** The epsilon asked for. */
  readonly epsilon: number;
  /**
   * The epsilon of the integer weights, replace-one on the input: the smallest double that bounds every
   * log ratio, and never above `epsilon`.
   */
  readonly realizedEpsilon: number;
  readonly neighboringRelation: 'replace-one';
  /** What each row of weights sums to, exactly: 2n ** 64n, or a multiple of it where a report takes several draws. */
  readonly weightTotal: bigint;
  /** Numerator of Pr[output | input] over `weightTotal`. */
  weight(input: number, output: number): bigint;
  /** Pr[output | input], rounded to a double. */
  probability(input: number, output: number): number;
  /**
   * Draws an output, with the same number of random words and the same work for every input.
   *
   * @throws {RangeError} for an input outside 0 .. inputs - 1, before anything is drawn
   */
  privatize(input: number, random?: RandomSource): number;
}

/** The weights of a channel, one row per input. */
export interface ChannelTable {
  readonly mechanism: string;
  /** In (0, 40]. */
  readonly epsilon: number;
  readonly rows: readonly (readonly bigint[])[];
}

/** The common denominator of the probabilities of one 64-bit word. */
export const weightTotal = 2n ** 64n;

// exp(epsilon) to 192 bits after the point: ratios of two 64-bit weights that differ at all differ by 2**-128.
const ratioBits = 192;

/** What a channel does, before its arguments are checked. */
interface ChannelParts<Name extends string> extends Pick<Channel, 'inputs' | 'outputs' | 'epsilon' | 'weightTotal'> {
  readonly mechanism: Name;
  /** The largest ratio of two weights of one output. */
  readonly worst: Fraction;
  readonly weight: (input: number, output: number) => bigint;
  /** An output, with the same number of random words and the same work for every input. */
  readonly draw: (input: number, random: RandomSource) => number;
}

/**
 * A channel from its parts.
 *
 * @throws {RangeError} as `realizeEpsilon` for the worst ratio
 */
export function makeChannel<Name extends string>({
  worst,
  weight: weightAt,
  draw,
  ...parts
}: ChannelParts<Name>): Channel & { readonly mechanism: Name } {
  const { inputs, outputs, epsilon } = parts;
  const total = Number(parts.weightTotal);
  const weight = (input: number, output: number): bigint =>
    weightAt(checkIndex('input', input, inputs), checkIndex('output', output, outputs));
  return {
    ...parts,
    realizedEpsilon: realizeEpsilon(epsilon, worst),
    neighboringRelation: 'replace-one',
    weight,
    probability: (input, output) => Number(weight(input, output)) / total,
    privatize: (input, random = secureRandom()) => draw(checkIndex('input', input, inputs), random),
  };
}

/**
 * A channel from its table of integer weights, refused unless it is epsilon-private exactly.
 *
 * @throws {RangeError} unless all rows have the same length, sum to 2**64, hold only weights > 0, and no two
 *   weights of a column have a ratio above exp(epsilon)
 */
export function tableChannel<Name extends string>({
  mechanism,
  epsilon,
  rows,
}: ChannelTable & { readonly mechanism: Name }): Channel & { readonly mechanism: Name } {
  const outputs = rows[0]?.length ?? 0;
  checkInteger('outputs', outputs, '[2, Infinity)');
  for (const [input, row] of rows.entries()) {
    const sum = row.reduce((total, weight) => total + weight, 0n);
    if (row.length !== outputs || sum !== weightTotal || row.some((weight) => weight <= 0n)) {
      throw new RangeError(
        `row ${input} must hold ${outputs} weights > 0 that sum to 2**64, got ${row.length} that sum to ${sum}`,
      );
    }
  }
  const selectors = rows.map((row) => {
    let boundary = 0n;
    return selector(row.slice(1).map((_, output) => (boundary += row[output]!)));
  });
  return makeChannel({
    mechanism,
    inputs: rows.length,
    outputs,
    epsilon,
    weightTotal,
    worst: largestRatio(rows),
    weight: (input, output) => rows[input]![output]!,
    draw: (input, random) => selectors[input]!(random.nextUint64()),
  });
}

/**
 * The smallest double that is at least ln(numerator / denominator), and at most `epsilon`.
 *
 * @throws {RangeError} unless epsilon is in (0, 40] and 1 <= numerator / denominator <= exp(epsilon), all exactly
 */
export function realizeEpsilon(epsilon: number, [numerator, denominator]: Fraction): number {
  checkIn('epsilon', epsilon, '(0, 40]');
  const target = numerator << BigInt(ratioBits);
  const bounds = (candidate: number) => target <= expFixedPoint(candidate, ratioBits)[0] * denominator;
  if (!bounds(epsilon)) {
    throw new RangeError(`weights must have no ratio above exp(${epsilon}), got ${numerator} / ${denominator}`);
  }
  if (numerator === denominator) return 0;

  // log1p of the excess keeps its accuracy where the ratio is close to one; then the last places are settled
  // exactly, so that the result does not depend on the engine's logarithm.
  const guess = Math.log1p(Number(numerator - denominator) / Number(denominator));
  // From surely below, by a few units in the last place, to the next double and the next: .6 to 1.2 units are added, and
  // that rounds to one.
  let realized = guess * (1 - 2 ** -49);
  while (!bounds(realized)) realized += 0.6 * realized * 2 ** -52;
  return realized;
}

// Pure epsilon is decided by single outputs: the largest ratio of two weights in one column.
function largestRatio(rows: ChannelTable['rows']): Fraction {
  let worst: Fraction = [1n, 1n];
  for (let output = 0; output < rows[0]!.length; output += 1) {
    const column = rows.map((row) => row[output]!);
    const most = column.reduce((a, b) => (a > b ? a : b));
    const least = column.reduce((a, b) => (a < b ? a : b));
    if (most * worst[1] > worst[0] * least) worst = [most, least];
  }
  return worst;
}

/**
 * How many boundaries a word has passed: always both tables whole, and no branch on what is found.
 *
 * @param boundaries cumulative weights, the last one left out, which is 2**64. They are split into 32-bit halves so that
 *   no comparison works on a big integer
 * @param boundariesAhead those that count for outputs below the input; the same unless they are given
 */
export function selector(
  boundaries: readonly bigint[],
  boundariesAhead = boundaries,
): (word: bigint, input?: number) => number {
  const reached = halves(boundaries);
  const ahead = halves(boundariesAhead);
  return (word, input = 0) => {
    const high = Number(word >> 32n);
    const low = Number(word & 0xffff_ffffn);
    let output = 0;
    for (let index = 0; index < reached.length; index += 2) {
      // All ones where the input is reached, all zeros where it is ahead; a mask takes the place of a branch.
      const mask = -Number(index >= 2 * input);
      const boundaryHigh = ((reached[index]! & mask) | (ahead[index]! & ~mask)) >>> 0;
      const boundaryLow = ((reached[index + 1]! & mask) | (ahead[index + 1]! & ~mask)) >>> 0;
      output += Number(high > boundaryHigh) | (Number(high === boundaryHigh) & Number(low >= boundaryLow));
    }
    return output;
  };
}

function halves(values: readonly bigint[]): Uint32Array {
  return Uint32Array.from(values.flatMap((value) => [Number(value >> 32n), Number(value & 0xffff_ffffn)]));
}
