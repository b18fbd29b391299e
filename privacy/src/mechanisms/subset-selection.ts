import { checkIndex, checkInteger } from '../numerics/checks.ts';
import { makeChannel, selector, weightTotal } from './channel.ts';
import { checkAlphabet, type FrequencyChannel } from './frequency-mechanism.ts';
import { randomizedResponse } from './randomized-response.ts';
import { exponential, truthWeight } from './truth-weight.ts';
import { sampleWithoutReplacement, uniformInteger } from '../sampling/random.ts';

/** A report names `size` letters: the truth among them with probability p, all others equally likely. */
export interface SubsetSelection extends FrequencyChannel {
  readonly mechanism: 'subset-selection';
  /** How many letters a report supports. With 1 it is randomized response. */
  readonly size: number;
}

/**
 * Subset selection over `options` letters: of the mechanisms here none has less error over all letters. Pure epsilon,
 * replace-one on the answer.
 *
 * A report is the rank of its subset c_1 < ... < c_size in the combinatorial number system, C(c_1, 1) + C(c_2, 2) +
 * ... + C(c_size, size), so that there are C(options, size) of them.
 *
 * @param options integer in [2, 1024]
 * @param epsilon in [1e-6, 20]
 * @param size integer in [1, options - 1]; the best one for rare letters unless it is given
 * @throws {RangeError} outside these ranges, or for 2**53 subsets and more
 * @see Ye and Barg, Optimal schemes for discrete distribution estimation under locally differential privacy, IEEE
 *   Transactions on Information Theory 2018, section III; Wang et al., Mutual information optimally local private
 *   discrete distribution estimation, 2016
 */
export function subsetSelection({
  options,
  epsilon,
  size: asked,
}: {
  options: number;
  epsilon: number;
  size?: number | undefined;
}): SubsetSelection {
  checkAlphabet({ options, epsilon });
  const size = asked ?? bestSize({ options, epsilon }, Infinity);
  checkInteger('size', size, `[1, ${options - 1}]`);
  const mechanism = 'subset-selection';
  if (size === 1) return { ...randomizedResponse({ options, epsilon }), mechanism, size };
  const binomials = pascal(options, size);
  const withTruth = binomials[size * options - 1]!;
  const withoutTruth = binomials[(size + 1) * options - 1]!;
  const outputs = withTruth + withoutTruth;
  checkInteger('subsets of this size', outputs, `[2, ${Number.MAX_SAFE_INTEGER}]`);

  // A subset with the truth has probability T / (2^64 C(k - 1, size - 1)), any other one (2^64 - T) / (2^64 C(k - 1,
  // size)). Their ratio is T (k - size) / ((2^64 - T) size), which truthWeight keeps below e^epsilon. Over the common
  // denominator 2^64 C(k - 1, size - 1) C(k - 1, size) all weights are integers.
  const truth = truthWeight(epsilon, [size, options]);
  const weights = [(weightTotal - truth) * BigInt(withTruth), truth * BigInt(withoutTruth)] as const;
  const isIncluded = selector([weightTotal - truth]);

  // From the largest letter down: c_i is the largest c with C(c, i) at most what is left of the rank.
  const addSupport = (report: number, counts: Float64Array): void => {
    let rest = checkIndex('report', report, outputs);
    let row = size * options;
    for (let letter = options - 1; row > 0; letter -= 1) {
      const skipped = binomials[row + letter]!;
      if (rest < skipped) continue;
      counts[letter]! += 1;
      rest -= skipped;
      row -= options;
    }
  };
  // Pr[v | v] = p. The other size - 1 or size letters are drawn from k - 1, all alike:
  //   Pr[v | u] = (p (size - 1) + (1 - p) size) / (k - 1) = (size - p) / (k - 1),
  //   Pr[v and w | v] = p (size - 1) / (k - 1),
  //   Pr[v and w | u] = (p (size - 1) (size - 2) + (1 - p) size (size - 1)) / ((k - 1) (k - 2)).
  const p = Number(truth) / Number(weightTotal);
  return {
    ...makeChannel({
      mechanism,
      inputs: options,
      outputs,
      epsilon,
      weightTotal: weightTotal * BigInt(withTruth) * BigInt(withoutTruth),
      worst: [weights[1], weights[0]],
      weight(input, output) {
        const members = new Float64Array(options);
        addSupport(output, members);
        return weights[members[input]!]!;
      },
      draw(input, random) {
        // Always `size` of the other letters, one of them picked out: the truth takes its place, or does not.
        const included = isIncluded(random.nextUint64());
        const others = sampleWithoutReplacement({ count: size, from: options - 1 }, random);
        const replaced = uniformInteger(size, random);
        const members = new Uint8Array(options);
        for (let index = 0; index < size; index += 1) {
          const letter = others[index]! + Number(others[index]! >= input);
          members[letter + (input - letter) * included * Number(index === replaced)] = 1;
        }
        // All letters are read, without a branch.
        let rank = 0;
        let row = options;
        for (let letter = 0; letter < options; letter += 1) {
          rank += members[letter]! * binomials[row + letter]!;
          row += members[letter]! * options;
        }
        return rank;
      },
    }),
    size,
    options,
    p,
    q: (size - p) / (options - 1),
    pairWithTruth: (p * (size - 1)) / (options - 1),
    pairWithoutTruth: ((size - 1) * (size - 2 * p)) / ((options - 1) * (options - 2)),
    reportBits: Math.log2(outputs),
    addSupport,
  };
}

/**
 * The size with the least error for a letter that nobody holds, q (1 - q) / (p - q)^2: one of the two integers around
 * k / (e^epsilon + 1). Where these have too many subsets it is the largest size below that has not, as the error falls
 * up to there.
 *
 * @param maximumOutputs how many subsets there may be, at least `options`
 */
export function bestSize({ options, epsilon }: { options: number; epsilon: number }, maximumOutputs: number): number {
  // With r = e^epsilon, p = s r / (s r + k - s) and q = (s - p) / (k - 1) that is, but for a factor (r - 1)^2,
  //   ((s - 1) r + k - s) (s r + k - s - 1) / (s (k - s)).
  const ratio = exponential(epsilon);
  const error = (size: number): number => {
    const rest = options - size;
    return (((size - 1) * ratio + rest) * (size * ratio + rest - 1)) / (size * rest);
  };
  const ideal = Math.max(1, options / (ratio + 1));
  const smaller = Math.floor(ideal);
  const best = error(Math.ceil(ideal)) < error(smaller) ? Math.ceil(ideal) : smaller;
  let size = 1;
  for (let subsets = BigInt(options); size < best; size += 1) {
    subsets = (subsets * BigInt(options - size)) / BigInt(size + 1);
    if (subsets > maximumOutputs) break;
  }
  return size;
}

/**
 * C(letter, index) at index * options + letter, for indices up to `size`, and a row of zeros. Numbers that ranks are
 * made of are below the number of subsets, and exact where that is below 2**53.
 */
function pascal(options: number, size: number): Float64Array {
  const binomials = new Float64Array((size + 2) * options).fill(1, 0, options);
  for (let at = options; at < (size + 1) * options; at += 1) {
    if (at % options > 0) binomials[at] = binomials[at - 1]! + binomials[at - 1 - options]!;
  }
  return binomials;
}
