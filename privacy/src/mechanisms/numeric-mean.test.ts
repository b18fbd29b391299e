import { describe, expect, it } from 'vitest';
import continuous from '../../vectors/numeric-mean.json' with { type: 'json' };
import { z } from '../../testing/chi-square.ts';
import { seededRandom } from '../../testing/seeded-random.ts';
import { weightTotal } from './channel.ts';
import { expFixedPoint } from '../numerics/exponential.ts';
import { answering } from '../estimation/estimate-mean.ts';
import { numericMean, type NumericMean } from './numeric-mean.ts';
import { numericMeanVariance, worstNumericMeanVariance } from './numeric-mean-variance.ts';

const epsilons = [1e-6, 0.1, 0.25, 0.5, 0.61, 0.7, 1, 1.3, 2, 4, 8, 20];
const channels = [0.05, 0.1, 0.45].flatMap((noAnswerEpsilonShare) =>
  epsilons.map((epsilon) => numericMean({ epsilon, noAnswerEpsilonShare })),
);

function mean(channel: NumericMean, input: number, values: Float64Array): number {
  return values.reduce((sum, value, output) => sum + channel.probability(input, output) * value, 0);
}

describe('numericMean', () => {
  it.each(channels)('is $epsilon-private with a share of $noAnswerEpsilonShare, in integers', (channel) => {
    const [lower] = expFixedPoint(channel.epsilon, 256);
    for (let input = 0; input < channel.inputs; input += 1) {
      let sum = 0n;
      for (let output = 0; output < channel.outputs; output += 1) sum += channel.weight(input, output);
      expect(sum).toBe(weightTotal);
    }
    for (let output = 0; output < channel.outputs; output += 1) {
      const column = Array.from({ length: channel.inputs }, (_, input) => channel.weight(input, output));
      const largest = column.reduce((a, b) => (a > b ? a : b));
      const smallest = column.reduce((a, b) => (a < b ? a : b));
      expect(largest << 256n <= lower * smallest).toBe(true);
    }
    expect(channel.realizedEpsilon).toBeLessThanOrEqual(channel.epsilon);
    expect(channel.realizedEpsilon).toBeGreaterThan(channel.epsilon * (1 - 1e-9));
  });

  it.each(channels)('decodes without bias at epsilon $epsilon, share $noAnswerEpsilonShare', (channel) => {
    const steps = channel.inputs - 2;
    // Rounding grows with the size of the decoded values.
    const digits = 1e-14 * Math.max(...channel.decode, ...answering(channel));
    expect(Math.abs(mean(channel, 0, channel.decode))).toBeLessThan(digits);
    expect(Math.abs(mean(channel, 0, answering(channel)))).toBeLessThan(digits);
    for (let point = 0; point <= steps; point += 1) {
      expect(Math.abs(mean(channel, point + 1, channel.decode) - ((2 * point) / steps - 1))).toBeLessThan(digits);
      expect(Math.abs(mean(channel, point + 1, answering(channel)) - 1)).toBeLessThan(digits);
    }
  });

  it.each(channels)('states its variance at epsilon $epsilon, share $noAnswerEpsilonShare', (channel) => {
    const steps = channel.inputs - 2;
    for (const point of [0, Math.floor(steps / 3), steps]) {
      const t = (2 * point) / steps - 1;
      const secondMoment = mean(
        channel,
        point + 1,
        channel.decode.map((value) => value * value),
      );
      expect(numericMeanVariance(channel, t) / (secondMoment - t * t)).toBeCloseTo(1, 7);
    }
    const variances = Array.from({ length: 2_001 }, (_, index) => numericMeanVariance(channel, index / 1_000 - 1));
    expect(Math.max(...variances)).toBeLessThanOrEqual(worstNumericMeanVariance(channel) * (1 + 1e-12));
    expect(Math.max(...variances)).toBeGreaterThan(worstNumericMeanVariance(channel) * 0.99);
  });

  it('costs little more than the mechanisms without "no answer", and less than three-letter randomized response', () => {
    for (const channel of channels.filter(({ noAnswerEpsilonShare }) => noAnswerEpsilonShare === 0.1)) {
      const e = Math.exp(channel.epsilon);
      const duchi = ((e + 1) / (e - 1)) ** 2;
      // Wang et al., equations 8 and 9.
      const h = Math.exp(channel.epsilon / 2);
      const part = channel.epsilon > 0.61 ? 1 - 1 / h : 0;
      const hybrid = part === 0 ? duchi : part * ((h + 3) / (3 * (h - 1) ** 2)) + (1 - part) * duchi;
      if (channel.epsilon <= 8) expect(worstNumericMeanVariance(channel)).toBeLessThan(hybrid * 1.11);
      expect(worstNumericMeanVariance(channel)).toBeLessThan(((e + 1) * (e + 2)) / (e - 1) ** 2);
      expect(channel.mechanism).toBe(channel.epsilon < 0.6 ? 'duchi-with-no-answer' : 'hybrid-with-no-answer');
    }
  });

  it.each(continuous.rows.numeric_mean)(
    'on its grid is no worse than the continuous hybrid, and Duchi exactly where that is Duchi: $eps, $t',
    (row) => {
      // As good as no letter for "no answer".
      const channel = numericMean({ epsilon: row.eps, noAnswerEpsilonShare: 1e-6 });
      expect(Math.abs(channel.decode.at(-1)! / row.duchi_out - 1)).toBeLessThan(2e-6);
      if (row.hm_alpha === 0 && row.eps < 0.6) {
        const rounding = numericMeanVariance(channel, row.t) - row.hm_var;
        expect(Math.abs(rounding / row.hm_var)).toBeLessThan(2e-6);
        expect(Math.abs((row.t * (1 / row.duchi_out) + 1) / 2 - row.duchi_p_plus)).toBeLessThan(1e-12);
      }
      // The hybrid's variance is the same everywhere; Duchi's is largest at 0.
      const worst = row.hm_alpha > 0 ? row.hm_var : row.duchi_out ** 2;
      expect(worstNumericMeanVariance(channel)).toBeLessThan(worst * (1 + 2e-6));
    },
  );

  it('rounds to the grid without bias, and reports with the mean and variance it states', () => {
    const random = seededRandom(1);
    const draws = 100_000;
    for (const epsilon of [0.5, 2]) {
      const channel = numericMean({ epsilon });
      for (const t of [-1, -0.37, 0.8]) {
        let sum = 0;
        let squares = 0;
        for (let draw = 0; draw < draws; draw += 1) {
          const value = channel.decode[channel.privatize(channel.encode(t, random), random)]!;
          sum += value;
          squares += (value - t) ** 2;
        }
        const variance = numericMeanVariance(channel, t);
        // The mean of n draws has standard error sqrt(variance / n). Squares lie in [0, b], so that theirs is at
        // most sqrt(b variance / n).
        const farthest = Math.max(...channel.decode) + 1;
        expect(Math.abs(sum / draws - t)).toBeLessThan(z * Math.sqrt(variance / draws));
        const tolerance = z * farthest * Math.sqrt(variance / draws);
        expect(Math.abs(squares / draws - variance)).toBeLessThan(tolerance);
        // Power: a decoding wrong by a tenth has a variance wrong by a fifth.
        expect(0.21 * variance).toBeGreaterThan(tolerance);
      }
    }
  });

  it('encodes every answer, and none, with one draw', () => {
    const channel = numericMean({ epsilon: 2 });
    const random = seededRandom(2);
    for (const value of [null, -1, 0, 0.123, 1]) {
      const before = random.wordsDrawn;
      const input = channel.encode(value, random);
      expect(random.wordsDrawn - before).toBe(2);
      expect(input === 0).toBe(value === null);
      channel.privatize(input, random);
      expect(random.wordsDrawn - before).toBe(4);
    }
    expect(channel.encode(-1, random)).toBe(1);
    expect(channel.encode(1, random)).toBe(channel.inputs - 1);
    for (const value of [1.01, -2, Number.NaN]) expect(() => channel.encode(value)).toThrow('value must be');
    expect(() => numericMeanVariance(channel, 1.5)).toThrow('t must be');
  });

  it('refuses parameters out of range', () => {
    for (const epsilon of [0, -1, 21, Number.NaN]) expect(() => numericMean({ epsilon })).toThrow('epsilon must be');
    for (const noAnswerEpsilonShare of [0, 1e-300, 9e-7, 0.5, Number.NaN]) {
      expect(() => numericMean({ epsilon: 1, noAnswerEpsilonShare })).toThrow(
        'noAnswerEpsilonShare must be in [1e-6, 0.45]',
      );
    }
  });
});
