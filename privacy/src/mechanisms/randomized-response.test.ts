import { describe, expect, it } from 'vitest';
import { fitPValue } from '../../testing/chi-square.ts';
import { seededRandom } from '../../testing/seeded-random.ts';
import { weightTotal } from './channel.ts';
import { expFixedPoint } from '../numerics/exponential.ts';
import { randomizedResponse, shareVariance } from './randomized-response.ts';

const grid = [2, 3, 4, 6, 12, 51, 1024].flatMap((options) =>
  [1e-6, 0.01, 0.1, 0.5, 1, 2, 4, 8, 10, 20].map((epsilon) => ({ options, epsilon })),
);

describe('randomizedResponse', () => {
  it.each(grid)('is $epsilon-private over $options options, in integers, and wastes next to nothing', (parameters) => {
    const channel = randomizedResponse(parameters);
    const { options, epsilon } = parameters;
    const keep = channel.weight(1, 1);
    const other = channel.weight(1, 0);
    expect(keep + BigInt(options - 1) * other).toBe(weightTotal);
    // Recomputed with other bits than the code's own.
    const [lower, upper] = expFixedPoint(epsilon, 200);
    expect(keep << 200n <= lower * other).toBe(true);
    // One unit less for every lie would break the promise: the weights are the best there are.
    expect((keep + BigInt(options - 1)) << 200n > upper * (other - 1n)).toBe(true);
    expect(channel.realizedEpsilon).toBeLessThanOrEqual(epsilon);
    if (epsilon <= 10) expect(epsilon - channel.realizedEpsilon).toBeLessThan(1e-12);
  });

  it('has equal weights everywhere off the diagonal', () => {
    for (const { options, epsilon } of grid.filter((parameters) => parameters.options <= 12)) {
      const channel = randomizedResponse({ options, epsilon });
      for (let input = 0; input < options; input += 1) {
        for (let output = 0; output < options; output += 1) {
          expect(channel.weight(input, output)).toBe(channel.weight(0, input === output ? 0 : 1));
        }
      }
    }
  });

  it('reports with the frequencies of its weights, for every truth', () => {
    const random = seededRandom(1);
    for (const { options, epsilon } of [
      { options: 2, epsilon: 1 },
      { options: 5, epsilon: 0.5 },
      { options: 12, epsilon: 3 },
    ]) {
      const channel = randomizedResponse({ options, epsilon });
      for (const truth of [0, 1, options - 1]) {
        const counts = Array.from({ length: options }, () => 0);
        for (let draw = 0; draw < 200_000; draw += 1) counts[channel.privatize(truth, random)]! += 1;
        expect(
          fitPValue(
            counts,
            counts.map((_, output) => channel.probability(truth, output)),
          ),
        ).toBeGreaterThan(1e-9);
        // Power: the same reports against an epsilon wrong by a tenth.
        const wrong = randomizedResponse({ options, epsilon: epsilon * 1.1 });
        expect(
          fitPValue(
            counts,
            counts.map((_, output) => wrong.probability(truth, output)),
          ),
        ).toBeLessThan(1e-9);
      }
    }
  });

  it('gives boundary words to the output that the weights say', () => {
    const channel = randomizedResponse({ options: 4, epsilon: 1 });
    for (let truth = 0; truth < 4; truth += 1) {
      let boundary = 0n;
      for (let output = 0; output < 4; output += 1) {
        const at = (word: bigint) => channel.privatize(truth, { nextUint32: () => 0, nextUint64: () => word });
        expect(at(boundary)).toBe(output);
        boundary += channel.weight(truth, output);
        expect(at(boundary - 1n)).toBe(output);
      }
    }
  });

  it('does the same work for every truth', () => {
    const channel = randomizedResponse({ options: 6, epsilon: 2 });
    const random = seededRandom(2);
    for (let truth = 0; truth < 6; truth += 1) {
      const before = random.wordsDrawn;
      channel.privatize(truth, random);
      expect(random.wordsDrawn - before).toBe(2);
    }
  });

  it('refuses parameters out of range', () => {
    for (const options of [1, 1025, 2.5, Number.NaN])
      expect(() => randomizedResponse({ options, epsilon: 1 })).toThrow('options must be');
    for (const epsilon of [0, -1, 20.1, Number.NaN])
      expect(() => randomizedResponse({ options: 2, epsilon })).toThrow(
        `epsilon must be in [1e-6, 20], got ${epsilon}`,
      );
    expect(() => randomizedResponse({ options: 2, epsilon: 1 }).privatize(2)).toThrow(
      'input must be an integer in [0, 1], got 2',
    );
    const channel = randomizedResponse({ options: 2, epsilon: 1 });
    expect(() => shareVariance({ channel, share: 1.1, respondents: 1, population: 'fixed' })).toThrow('share must be');
    expect(() => shareVariance({ channel, share: 1, respondents: 0, population: 'fixed' })).toThrow(
      'respondents must be',
    );
  });
});
