import { realizeEpsilon } from '@chorale/privacy';

/** A finite randomizer with integer probabilities; every `Channel` is one. */
export interface IntegerChannel {
  /** Inputs are 0 .. inputs - 1. */
  readonly inputs: number;
  /** Outputs are 0 .. outputs - 1. */
  readonly outputs: number;
  /** What each row of weights must sum to. */
  readonly weightTotal: bigint;
  /** Numerator of Pr[output | input] over `weightTotal`. */
  weight(input: number, output: number): bigint;
}

/**
 * What can be wrong with a table of weights. `row-sum`: a row is no distribution. `reachability`: an output tells for
 * certain that an input was not the true one. `above-claim`: more is lost than claimed. `below-claim`: less is lost
 * than claimed, so that noise is wasted and the mechanism is not the one that was meant.
 */
export type ExactAuditFailure = 'row-sum' | 'reachability' | 'above-claim' | 'below-claim';

/** What enumerating all weights found. */
export interface ExactAudit {
  readonly epsilonClaimed: number;
  /**
   * The smallest double that bounds the log ratio of any two weights of an output, replace-one on the input; infinite
   * where an output is reachable from some inputs only, and beyond 40.
   */
  readonly epsilonExact: number;
  readonly neighboringRelation: 'replace-one';
  readonly failures: readonly ExactAuditFailure[];
  readonly passed: boolean;
}

const mostWeights = 2 ** 24;

/**
 * Reads every weight of a channel, in exact arithmetic, and compares the realized epsilon with the claim.
 *
 * @param epsilon claimed, finite and > 0
 * @param waste how far below the claim the realized epsilon may lie, finite and >= 0; only rounding unless given
 * @throws {RangeError} outside these ranges, or for more than 2**24 weights
 */
export function auditChannel(
  channel: IntegerChannel,
  { epsilon, waste = 1e-9 }: { epsilon: number; waste?: number | undefined },
): ExactAudit {
  const { inputs, outputs, weightTotal } = channel;
  if (!(epsilon > 0 && epsilon < Infinity)) throw new RangeError(`epsilon must be finite and > 0, got ${epsilon}`);
  if (!(waste >= 0 && waste < Infinity)) throw new RangeError(`waste must be finite and >= 0, got ${waste}`);
  if (!(inputs >= 2 && isEnumerable(channel))) {
    throw new RangeError(`channel must hold 2 inputs or more and at most 2**24 weights, got ${inputs} x ${outputs}`);
  }
  const sums = Array.from({ length: inputs }, () => 0n);
  let isReachable = true;
  let worst: [numerator: bigint, denominator: bigint] = [1n, 1n];
  for (let output = 0; output < outputs; output += 1) {
    // Pure epsilon is decided by single outputs, and by their largest and smallest weight.
    let largest = channel.weight(0, output);
    let smallest = largest;
    for (let input = 0; input < inputs; input += 1) {
      const weight = channel.weight(input, output);
      sums[input]! += weight;
      if (weight > largest) largest = weight;
      if (weight < smallest) smallest = weight;
    }
    // An output that no input has needs no bound.
    if (largest === 0n && smallest === 0n) continue;
    if (smallest <= 0n) isReachable = false;
    else if (largest * worst[1] > worst[0] * smallest) {
      worst = [largest, smallest];
    }
  }

  const epsilonExact = isReachable ? logarithm(worst) : Infinity;
  const failures: ExactAuditFailure[] = [];
  if (sums.some((sum) => sum !== weightTotal)) failures.push('row-sum');
  if (!isReachable) failures.push('reachability');
  if (epsilonExact > epsilon) failures.push('above-claim');
  if (epsilonExact < epsilon - waste) failures.push('below-claim');
  return {
    epsilonClaimed: epsilon,
    epsilonExact,
    neighboringRelation: 'replace-one',
    failures,
    passed: failures.length === 0,
  };
}

/** Whether a channel is small enough for `auditChannel`. */
export function isEnumerable({ inputs, outputs }: Pick<IntegerChannel, 'inputs' | 'outputs'>): boolean {
  return inputs * outputs <= mostWeights;
}

// The largest epsilon that realizeEpsilon takes; e^40 as a ratio is far beyond any guarantee.
const largestEpsilon = 40;

function logarithm(ratio: readonly [numerator: bigint, denominator: bigint]): number {
  try {
    return realizeEpsilon(largestEpsilon, ratio);
  } catch (error) {
    if (error instanceof RangeError) return Infinity;
    throw error;
  }
}
