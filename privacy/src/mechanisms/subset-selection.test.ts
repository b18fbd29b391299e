import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../testing/seeded-random.ts';
import { expFixedPoint } from '../numerics/exponential.ts';
import { randomizedResponse } from './randomized-response.ts';
import { subsetSelection, type SubsetSelection } from './subset-selection.ts';

const epsilons = [1e-3, 0.1, 0.5, 1, 2, 4, 10, 20];
const grid = [3, 4, 6, 7, 12].flatMap((options) =>
  Array.from({ length: options - 1 }, (_, index) => index + 1).flatMap((size) =>
    epsilons.map((epsilon) => ({ options, size, epsilon })),
  ),
);

function members(channel: SubsetSelection, report: number): number[] {
  const counts = new Float64Array(channel.options);
  channel.addSupport(report, counts);
  return [...counts.keys()].filter((letter) => counts[letter] === 1);
}

function choose(from: number, size: number): bigint {
  let count = 1n;
  for (let index = 0n; index < size; index += 1n) count = (count * (BigInt(from) - index)) / (index + 1n);
  return count;
}

const error = ({ p, q }: SubsetSelection) => (q * (1 - q)) / (p - q) ** 2;

describe('subsetSelection', () => {
  it('is private in integers, every row whole, and wastes next to nothing', () => {
    for (const parameters of grid) {
      const channel = subsetSelection(parameters);
      const { options, epsilon } = parameters;
      const [lower, upper] = expFixedPoint(epsilon, 200);
      const found = new Set<bigint>();
      for (let input = 0; input < options; input += 1) {
        let sum = 0n;
        for (let output = 0; output < channel.outputs; output += 1) {
          const weight = channel.weight(input, output);
          found.add(weight);
          sum += weight;
        }
        expect(sum).toBe(channel.weightTotal);
      }
      const [small, large] = [...found].toSorted((a, b) => (a < b ? -1 : 1));
      expect(found.size).toBe(2);
      // Recomputed with other bits than the code's own.
      expect(large! << 200n <= lower * small!).toBe(true);
      expect(channel.realizedEpsilon).toBeLessThanOrEqual(epsilon);
      if (epsilon <= 10) expect(epsilon - channel.realizedEpsilon).toBeLessThan(1e-12);
      if (parameters.size === 1) continue;
      // One more of the 2**64 chances to include the truth would break the promise.
      const withTruth = choose(options - 1, parameters.size - 1);
      const withoutTruth = choose(options - 1, parameters.size);
      expect((large! + withoutTruth) << 200n > upper * (small! - withTruth)).toBe(true);
    }
  });

  it('is randomized response where it names one letter', () => {
    for (const options of [2, 5, 1024]) {
      const parameters = { options, epsilon: 1.5 };
      const one = subsetSelection({ ...parameters, size: 1 });
      const response = randomizedResponse(parameters);
      expect(one).toMatchObject({ p: response.p, q: response.q, outputs: options, size: 1, pairWithTruth: 0 });
      expect(one.realizedEpsilon).toBe(response.realizedEpsilon);
      for (const input of [0, 1, options - 1]) {
        for (const output of [0, 1]) expect(one.weight(input, output)).toBe(response.weight(input, output));
        expect(one.privatize(input, seededRandom(7))).toBe(response.privatize(input, seededRandom(7)));
      }
    }
  });

  it('numbers subsets as the combinatorial number system does, each once', () => {
    for (const [options, size] of [
      [6, 3],
      [7, 2],
      [5, 4],
    ] as const) {
      const channel = subsetSelection({ options, epsilon: 1, size });
      expect(channel.outputs).toBe(Number(choose(options, size)));
      for (let report = 0; report < channel.outputs; report += 1) {
        const subset = members(channel, report);
        expect(subset).toHaveLength(size);
        const rank = subset.reduce((sum, letter, index) => sum + choose(letter, index + 1), 0n);
        expect(rank).toBe(BigInt(report));
      }
    }
  });

  it.each([
    { options: 50, epsilon: 2, size: 6 },
    { options: 56, epsilon: 1e-3, size: 28 },
    { options: 1024, epsilon: 5, size: 5 },
    { options: 1024, epsilon: 5, size: 1023 },
  ])('ranks subsets exactly up to 2**53: $size of $options', (parameters) => {
    const channel = subsetSelection(parameters);
    const random = seededRandom(3);
    for (let draw = 0; draw < 2 + 200 / parameters.size; draw += 1) {
      const report = channel.privatize(draw % parameters.options, random);
      const subset = members(channel, report);
      expect(subset).toHaveLength(parameters.size);
      const rank = subset.reduce((sum, letter, index) => sum + choose(letter, index + 1), 0n);
      expect(rank).toBe(BigInt(report));
    }
    expect(members(channel, channel.outputs - 1).at(-1)).toBe(parameters.options - 1);
    expect(() => channel.addSupport(channel.outputs, new Float64Array(parameters.options))).toThrow(RangeError);
  });

  it('chooses the size with the least error for a rare letter', () => {
    for (const options of [2, 3, 5, 8, 12, 30]) {
      for (const epsilon of epsilons) {
        const best = subsetSelection({ options, epsilon });
        const ideal = options / (Math.exp(epsilon) + 1);
        for (const size of [Math.max(1, Math.floor(ideal)), Math.max(1, Math.ceil(ideal))]) {
          expect(error(best)).toBeLessThanOrEqual(error(subsetSelection({ options, epsilon, size })) * (1 + 1e-12));
        }
        expect(Math.abs(best.size - Math.max(1, ideal))).toBeLessThan(1);
      }
    }
  });

  it('refuses sizes that do not fit, and more subsets than an integer can tell apart', () => {
    for (const size of [0, 5, 1.5, Number.NaN])
      expect(() => subsetSelection({ options: 5, epsilon: 1, size })).toThrow('size must be an integer in [1, 4]');
    expect(() => subsetSelection({ options: 57, epsilon: 1e-3 })).toThrow(
      /subsets of this size must be an integer in \[2, 9007199254740991\], got \d+/,
    );
    expect(() => subsetSelection({ options: 1024, epsilon: 1 })).toThrow('subsets of this size must be');
  });
});
