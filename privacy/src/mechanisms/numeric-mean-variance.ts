import { checkIn } from '../numerics/checks.ts';
import { locate } from './numeric-mean-grid.ts';
import type { NumericMean } from './numeric-mean.ts';

type Decoded = Pick<NumericMean, 'inputs' | 'decode' | 'probability'>;

/**
 * The variance of one decoded report of an answer t, the rounding to the grid included.
 *
 * @param t in [-1, 1]
 * @throws {RangeError} outside
 */
export function numericMeanVariance(channel: Decoded, t: number): number {
  checkIn('t', t, '[-1, 1]');
  // Stochastic rounding makes the second moment linear between grid points.
  const [point, fraction] = locate(t, stepsOf(channel));
  return secondMoment(channel, point) * (1 - fraction) + secondMoment(channel, point + 1) * fraction - t * t;
}

/** The largest `numericMeanVariance` over [-1, 1]. */
export function worstNumericMeanVariance(channel: Decoded): number {
  // Between two grid points the variance is a + b t - t^2, largest at b / 2 or at an end.
  const steps = stepsOf(channel);
  let largest = 0;
  for (let point = 0; point < steps; point += 1) {
    const left = (2 * point) / steps - 1;
    const right = left + 2 / steps;
    const slope = ((secondMoment(channel, point + 1) - secondMoment(channel, point)) * steps) / 2;
    const t = Math.min(right, Math.max(left, slope / 2));
    largest = Math.max(largest, numericMeanVariance(channel, t));
  }
  return largest;
}

function secondMoment({ decode, probability }: Decoded, point: number): number {
  return decode.reduce((sum, value, output) => sum + probability(point + 1, output) * value * value, 0);
}

// One input is no answer, and steps have two ends.
function stepsOf({ inputs }: Decoded): number {
  return inputs - 2;
}
