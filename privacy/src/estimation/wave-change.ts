import { checkIn, checkProbability } from '../numerics/checks.ts';
import { halve } from '../numerics/search.ts';
import type { Interval } from './binomial-intervals.ts';
import { unbounded } from './ratio-interval.ts';

/** An estimate of one wave, with its interval at any confidence: a share, a contrast or a mean. */
export type WaveEstimate = (confidence: number) => Interval & { readonly estimate: number };

/** The later wave less the earlier one. */
export interface WaveChange extends Interval {
  /** NaN where a wave has no estimate; the interval is then unbounded. */
  readonly change: number;
  /** 1 less the largest confidence at which the interval leaves out 0, no smaller than 1e-12. */
  readonly pValue: number;
}

const smallestPValue = 1e-12;

/**
 * How much an estimate changed between two waves, from the interval of each (Newcombe's method 10, MOVER): it inherits
 * how these behave with few reports and near 0 and 1, where a normal approximation of the difference does not hold.
 *
 * @param correlation of the errors of the two estimates, in [-1, 1]; 0 unless it is given.
 *   Different respondents: 0 is right.
 *   The same respondents: 0 is on the safe side as long as those who gave an answer are not less likely than others to
 *   give it again. That makes errors alike, and memoized noise does so even more.
 *   -1 is on the safe side whatever the two waves have to do with each other: the radii add up.
 * @param confidence in (0, 1)
 * @throws {RangeError} outside these ranges
 * @see Newcombe, Interval estimation for the difference between independent proportions, Statistics in Medicine 1998,
 *   method 10; Zou and Donner, Construction of confidence limits about effect measures, Statistics in Medicine 2008,
 *   for any estimates and with a correlation
 */
export function waveChange({
  earlier,
  later,
  correlation = 0,
  confidence,
}: {
  earlier: WaveEstimate;
  later: WaveEstimate;
  correlation?: number | undefined;
  confidence: number;
}): WaveChange {
  checkProbability({ confidence });
  checkIn('correlation', correlation, '[-1, 1]');
  const at = (level: number) => difference(earlier(level), later(level), correlation);
  const { change, lower, upper } = at(confidence);
  if (Number.isNaN(change)) return { change, ...unbounded, pValue: 1 };

  // Intervals grow with their confidence: halve ln p between a p at which 0 is left out and one at which it is not.
  const holdsZero = (logP: number): boolean => {
    const interval = at(-Math.expm1(logP));
    return !(interval.lower > 0 || interval.upper < 0);
  };
  const least = Math.log(smallestPValue);
  const pValue = holdsZero(least) ? Math.exp(halve(holdsZero, [least, 0], 30)) : smallestPValue;
  return { change, lower, upper, pValue };
}

// The interval of each estimate stands for its own error, on the side that matters: at the lower end of the difference
// the later wave is low and the earlier one high.
function difference(earlier: ReturnType<WaveEstimate>, later: ReturnType<WaveEstimate>, correlation: number) {
  const change = later.estimate - earlier.estimate;
  const radius = (one: number, other: number): number =>
    one === Infinity || other === Infinity
      ? Infinity
      : Math.sqrt(Math.max(0, one * one + other * other - 2 * correlation * one * other));
  const below = (wave: typeof later) => Math.max(0, wave.estimate - wave.lower);
  const above = (wave: typeof later) => Math.max(0, wave.upper - wave.estimate);
  return {
    change,
    lower: change - radius(below(later), above(earlier)),
    upper: change + radius(above(later), below(earlier)),
  };
}

/**
 * p-values adjusted for asking many questions at once (Holm's step-down): calling every change real whose adjusted
 * p-value is at most alpha is wrong about any of them with probability at most alpha, whatever they have to do with
 * each other.
 *
 * @param pValues each in [0, 1]
 * @throws {RangeError} for any other
 * @see Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 1979
 */
export function holmAdjusted(pValues: readonly number[]): number[] {
  for (const pValue of pValues) {
    checkIn('pValues', pValue, '[0, 1]');
  }
  // The smallest is multiplied by how many there are, the next by one less, and none may fall below those before it.
  const adjusted = [...pValues];
  let largest = 0;
  const order = [...pValues.keys()].sort((a, b) => pValues[a]! - pValues[b]!);
  for (const [rank, index] of order.entries()) {
    largest = Math.max(largest, Math.min(1, (pValues.length - rank) * pValues[index]!));
    adjusted[index] = largest;
  }
  return adjusted;
}
