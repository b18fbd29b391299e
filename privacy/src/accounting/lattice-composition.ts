import { negacyclicPower } from '../numerics/fft.ts';
import { epsilonOfLosses } from './loss-distribution.ts';
import { epsilonOfCumulant, leastOverScales } from './renyi-conversion.ts';

/** A privacy loss distribution on equally spaced losses. */
export type LossLattice = readonly [
  /** Of the loss firstLoss + index spacing, under the true data; with `infinite` they sum to 1, rounding aside. */
  probabilities: Float64Array,
  firstLoss: number,
  /** > 0 */
  spacing: number,
  /** The probability of an infinite loss, 0 unless given. */
  infinite?: number | undefined,
];

/**
 * An epsilon >= 0 for which `steps` releases with this loss are (epsilon, delta)-private: an upper bound, by less than
 * 1e-9 or so relative to the exact one, whatever the size of delta. Infinite if infinite losses exceed delta. Takes a
 * few milliseconds for each 100,000 points of lattice or of composed losses within about 15 standard deviations.
 *
 * @param steps integer >= 1
 * @param delta in (0, 1)
 * @see Koskela, Jalko and Honkela, Computing tight differential privacy guarantees using FFT, AISTATS 2020, and Gopi, Lee
 *   and Wutschitz, Numerical composition of differential privacy, NeurIPS 2021, both of which lose small deltas to
 *   rounding; Gerber and Shiu, Option pricing by Esscher transforms, 1994, for the tilt that keeps them
 */
export function composedEpsilon(lattice: LossLattice, steps: number, delta: number): number {
  const [probabilities, firstLoss, spacing, infinite = 0] = lattice;
  const length = probabilities.length;
  // The probability that any loss is infinite is all spent on delta.
  const finiteDelta = delta - steps * infinite * (1 + 2 ** -50);
  if (!(finiteDelta > 0)) return Infinity;
  const single = cumulantOf(lattice);
  const [renyi, x] = epsilonOfCumulant((order) => steps * single(order), { delta: finiteDelta });
  if (renyi <= 0) return 0;

  // A few losses are added as they are: positive products keep their digits, wherever the answer is. Where it lies far
  // below the best Renyi order's, as that of rare large losses, the transform's error counts for more.
  if (steps * (length - 1) <= fewLosses && delta > 1e-200) {
    let sums = probabilities;
    for (let step = 2; step <= steps; step += 1) sums = convolved(sums, probabilities);
    const remaining = finiteDelta * Math.exp(-steps * length * 2 ** -52);
    return Math.min(
      renyi,
      epsilonOfLosses(sums, (index) => steps * firstLoss + index * spacing, remaining),
    );
  }

  // Tilting: with K = `cumulant`, the weights Pr[l] e^(x l - K) sum to 1, and those of the sum of T losses are
  // Pr[L] e^(x L - T K). At the x of the best Renyi order their mean is near the epsilon that is sought, so the losses
  // that decide it have ordinary probabilities there, and an error of e in one is one of e e^(T K - x L) in Pr[L].
  const cumulant = single(x);
  const total = steps * cumulant;
  const [from, to] = windowOf(single, x, steps);
  // Where the sum cannot leave [lowest, highest] the window need not.
  const lowest = steps * firstLoss;
  const mostIndex = steps * (length - 1);
  const offset = Math.max(0, Math.floor((from - lowest) / spacing));
  const needed = Math.min(mostIndex, Math.ceil((to - lowest) / spacing)) - offset + 1;
  const size = Math.max(8, 2 ** Math.ceil(Math.log2(needed)));
  if (size > mostPoints) return renyi;
  // Exponents and products round by some units of their size, where a relative error of one weight counts T times, and
  // the final sum by at most one unit a term.
  const largest = Math.max(Math.abs(firstLoss), Math.abs(firstLoss + length * spacing));
  const rounding = (steps * (64 + x * largest + Math.abs(cumulant)) + size) * 2 ** -52;

  // What lies outside the window comes back inside it, in the next turn with the opposite sign.
  const tilted = new Float64Array(size);
  const signOf = (index: number): number => (index % (2 * size) < size ? 1 : -1);
  for (let index = 0; index < length; index += 1) {
    tilted[index % size]! +=
      signOf(index) * probabilities[index]! * Math.exp(x * (firstLoss + index * spacing) - cumulant);
  }
  const error = negacyclicPower(tilted, steps) + 2 * outside;

  // Back from the tilt, from where the window begins; every value is raised by all that it may be too small.
  const composed = new Float64Array(Math.min(size, mostIndex - offset + 1));
  const lossAt = (index: number): number => lowest + (offset + index) * spacing;
  for (let index = composed.length - 1; index >= 0; index -= 1) {
    const loss = lossAt(index);
    if (loss <= 0) break;
    const weight = signOf(offset + index) * tilted[(offset + index) % size]!;
    composed[index] = (Math.max(0, weight) + error) * Math.exp(total - x * loss);
  }
  // Pr[L > to] <= e^(T K - x to) times its weight under the tilt, and what lies above the window counts as infinite.
  const above = offset + size > mostIndex ? 0 : Math.exp(total - x * lossAt(size - 1)) * outside;
  const remaining = finiteDelta * Math.exp(-rounding) - above;
  if (!(remaining > 0)) return renyi;
  const found = epsilonOfLosses(composed, lossAt, remaining);
  // Losses below the window are left out, so nothing is known of an epsilon there.
  return Math.min(renyi, offset === 0 ? found : Math.max(found, lossAt(0)));
}

// These take some hundredths of a second.
const fewLosses = 2 ** 13;
// One transform takes some tenths of a second.
const mostPoints = 2 ** 22;
// The probability, tilted, that the window may miss at either end.
const outside = 1e-14;

/** The distribution of the sum of two independent losses. */
function convolved(a: Float64Array, b: Float64Array): Float64Array {
  const sums = new Float64Array(a.length + b.length - 1);
  for (const [index, part] of b.entries()) {
    for (let other = 0; other < a.length; other += 1) sums[index + other]! += part * a[other]!;
  }
  return sums;
}

/**
 * The window that holds the sum of `steps` losses but for a probability of `outside` on either side, under the
 * distribution tilted by x, by Chernoff's bound: for every y > 0,
 *   Pr[L >= to] <= e^(T (K(x + y) - K(x)) - y to), and likewise below.
 *
 * @param single K(x) = ln E[e^(x loss)] of one step, or more
 */
export function windowOf(single: (x: number) => number, x: number, steps: number): [from: number, to: number] {
  const cumulant = single(x);
  const reach = (sign: number): number =>
    leastOverScales((y) => (steps * (single(x + sign * y) - cumulant) - Math.log(outside)) / y, { start: x })[0];
  return [-reach(-1), reach(1)];
}

/** ln E[e^(x loss)] over the finite losses: Horner's rule on the powers of e^(x spacing). */
export function cumulantOf([probabilities, firstLoss, spacing]: LossLattice): (x: number) => number {
  return (x) => {
    const ratio = Math.exp(x * spacing);
    let sum = 0;
    for (let index = probabilities.length - 1; index >= 0; index -= 1) sum = sum * ratio + probabilities[index]!;
    const cumulant = Math.log(sum) + x * firstLoss;
    return Number.isNaN(cumulant) ? Infinity : cumulant;
  };
}
