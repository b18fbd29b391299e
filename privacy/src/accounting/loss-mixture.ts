import { logDelta } from './gaussian-accounting.ts';
import { smallestEpsilon } from './smallest-epsilon.ts';
import { mostExactSteps, ternaryEpsilon, trinomialTop, type TernaryLoss } from './ternary-accounting.ts';

/** A ternary loss, so many times. */
type RepeatedLoss = TernaryLoss & { readonly steps: number };

/**
 * The smallest epsilon >= 0 for which ternary losses of parameters fixed in advance, and Gaussians that add up to one,
 * are (epsilon, delta)-private. Exact while the ternary losses have few
 * different sums (two kinds of 50 steps each have 10,201), otherwise an upper bound that is close; infinite for a million
 * steps or a noise that hardly hides anything.
 *
 * The sum L of the discrete losses is independent of the Gaussian's, so that
 *   delta(epsilon) = sum over l of Pr[L = l] deltaOfGaussian(epsilon - l).
 *
 * @param shift of the Gaussian, in standard deviations; 0 for none
 * @see Murtagh and Vadhan, The complexity of computing the optimal composition of differential privacy, TCC 2016,
 *   theorem 1.5, for pure mechanisms; Zhu, Dong and Wang, AISTATS 2022, theorem 10, for adaptive composition
 */
export function mixtureEpsilon(losses: readonly RepeatedLoss[], shift: number, delta: number): number {
  // One evaluation of a Gaussian costs as much as a hundred of the others.
  const most = shift > 0 ? 10_000 : 20_000;
  if (shift === 0 && losses.length === 1) return ternaryEpsilon({ ...losses[0]!, delta });
  if (shift > largestShift || losses.some(({ steps }) => steps > mostExactSteps)) return Infinity;
  let sums = nothing;
  for (const loss of losses) sums = addLosses(sums, sumsOf(loss), most);
  const [values, probabilities] = sums;
  const deltaAt = (epsilon: number): number =>
    values.reduce((sum, value, index) => sum + probabilities[index]! * profile(shift, epsilon - value), 0);
  let largest = losses.reduce((sum, { epsilonPerStep, steps }) => sum + epsilonPerStep * steps, 0) + shift;
  while (deltaAt(largest) > delta) largest *= 2;
  return smallestEpsilon(deltaAt, delta, largest);
}

// An epsilon of half its square protects nobody.
const largestShift = 1e6;

/** delta(epsilon) of a Gaussian, or of nothing, also for epsilon < 0. */
function profile(shift: number, epsilon: number): number {
  const positive = shift === 0 ? 0 : Math.exp(logDelta(shift, Math.abs(epsilon)));
  // With P and Q exchanged: sup P - e^x Q = 1 - e^x + e^x sup (Q - e^-x P), and a Gaussian is symmetric.
  return epsilon < 0 ? Math.exp(epsilon) * positive - Math.expm1(epsilon) : positive;
}

/** Values in any order but for the smallest, which comes first, and the largest, which comes last. */
type LossSums = readonly [values: Float64Array, probabilities: Float64Array];

/** The sums of one loss with itself, -steps to +steps times its epsilon. */
function sumsOf(loss: RepeatedLoss): LossSums {
  const { epsilonPerStep, steps } = loss;
  const probabilities = new Float64Array(2 * steps + 1);
  const values = probabilities.map((_, index) => (index - steps) * epsilonPerStep);
  for (const [level, probability] of trinomialTop(loss).entries()) {
    probabilities[steps + level] = probability;
    probabilities[steps - level] = probability * Math.exp(-level * epsilonPerStep);
  }
  return [values, probabilities];
}

/** All sums of a value of each; beyond `most` of them, fewer whose distribution is no better. */
function addLosses(a: LossSums, b: LossSums, most: number): LossSums {
  const cells = most / 5;
  const coarse = (sums: LossSums): LossSums => (sums[0].length > cells ? combine(sums, nothing, cells) : sums);
  return a[0].length * b[0].length <= most ? combine(a, b, null) : combine(coarse(a), coarse(b), cells);
}

const nothing: LossSums = [Float64Array.of(0), Float64Array.of(1)];

/**
 * The distribution of the sum of two losses: as it is, or on a grid of `cells` values.
 *
 * A loss l between two grid values g and g + h is split between them so that neither distribution's total changes: of
 * its probability m, and m e^-l on the other side, the share (1 - e^(g - l)) / (1 - e^-h) goes up. The release is then
 * post-processing of one with the grid's losses, which forgets which of the two it was; so the bound holds, and the
 * error is of second order in h.
 *
 * @see Doroshenko et al., Connect the dots: tighter discrete approximations of privacy loss distributions, PETS 2022
 */
function combine([a, massesOfA]: LossSums, [b, massesOfB]: LossSums, cells: number | null): LossSums {
  const size = cells ?? a.length * b.length;
  const values = new Float64Array(size);
  const probabilities = new Float64Array(size);
  const lowest = a[0]! + b[0]!;
  const spacing = (a.at(-1)! + b.at(-1)! - lowest) / (size - 1);
  for (let cell = 0; cell < size; cell += 1) values[cell] = lowest + cell * spacing;
  let pair = 0;
  for (let i = 0; i < a.length; i += 1) {
    for (let j = 0; j < b.length; j += 1) {
      const value = a[i]! + b[j]!;
      const probability = massesOfA[i]! * massesOfB[j]!;
      if (cells === null) {
        values[pair] = value;
        probabilities[pair] = probability;
        pair += 1;
      } else {
        const cell = Math.min(size - 2, Math.max(0, Math.floor((value - lowest) / spacing)));
        const above = probability * Math.min(1, Math.expm1(values[cell]! - value) / Math.expm1(-spacing));
        probabilities[cell]! += probability - above;
        probabilities[cell + 1]! += above;
      }
    }
  }
  return [values, probabilities];
}
