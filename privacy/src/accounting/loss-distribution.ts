/**
 * A privacy loss distribution on a lattice: `probabilities[i]` that the log ratio of the true data's probability to
 * the neighbour's is `lossAt(i)`, under the true data.
 */
export interface LossDistribution {
  readonly probabilities: Float64Array;
  /** Grows with its index. */
  readonly lossAt: (index: number) => number;
}

/**
 * The smallest epsilon >= 0 with delta(epsilon) <= delta, exactly for this distribution.
 *
 * @see Sommer, Meiser and Mohammadi, Privacy loss classes, PETS 2019, lemma 5
 */
export function epsilonOfLosses({ probabilities, lossAt }: LossDistribution, delta: number): number {
  // delta(epsilon) is the sum over losses l > epsilon of Pr[l] (1 - e^(epsilon - l)). While epsilon lies between two
  // losses the sums P = sum Pr[l] and Q = sum Pr[l] e^-l stay the same, and delta = P - e^epsilon Q is solved exactly.
  // From the largest loss down, the first solution that lies in its own interval is the answer.
  let above = 0;
  let aboveOther = 0;
  for (let index = probabilities.length - 1; index >= 0; index -= 1) {
    const loss = lossAt(index);
    if (loss <= 0) break;
    above += probabilities[index]!;
    aboveOther += probabilities[index]! * Math.exp(-loss);
    const lower = index === 0 ? 0 : Math.max(0, lossAt(index - 1));
    if (above - Math.exp(lower) * aboveOther > delta) return Math.max(lower, Math.log((above - delta) / aboveOther));
  }
  return 0;
}

/** Longest distributions worth convolving: two of this length take about a tenth of a second. */
export const longestDistribution = 20_000;

/**
 * The distribution of the sum of `exponent` independent lattice variables. All terms are positive, so that repeated
 * squaring loses no more than some units in the last place.
 */
export function convolutionPower(base: Float64Array, exponent: number): Float64Array {
  let result = Float64Array.of(1);
  for (const bit of exponent.toString(2)) {
    result = convolve(result, result);
    if (bit === '1') result = convolve(result, base);
  }
  return result;
}

function convolve(a: Float64Array, b: Float64Array): Float64Array<ArrayBuffer> {
  const result = new Float64Array(a.length + b.length - 1);
  for (let i = 0; i < a.length; i += 1) {
    const left = a[i]!;
    // Underflowed tails are many; each is far below any delta.
    if (left === 0) continue;
    for (let j = 0; j < b.length; j += 1) result[i + j]! += left * b[j]!;
  }
  return result;
}
