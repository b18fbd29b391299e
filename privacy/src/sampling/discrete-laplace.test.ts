import { describe, expect, it } from 'vitest';
import { fitPValue, z } from '../../testing/chi-square.ts';
import { seededRandom } from '../../testing/seeded-random.ts';
import type { Fraction } from '../numerics/exponential.ts';
import { discreteLaplace } from './discrete-laplace.ts';

/** The probabilities of -reach .. reach, everything beyond at the ends. */
function masses(scale: number, reach: number): number[] {
  const q = Math.exp(-1 / scale);
  return Array.from({ length: 2 * reach + 1 }, (_, index) => {
    const magnitude = Math.abs(index - reach);
    const mass = ((1 - q) / (1 + q)) * q ** magnitude;
    return magnitude === reach ? mass / (1 - q) : mass;
  });
}

const draws = (length: number, scale: number | Fraction, seed: number): number[] => {
  const random = seededRandom(seed);
  return Array.from({ length }, () => discreteLaplace({ scale }, random));
};

const thirds = [7n, 3n] as const;

describe('discreteLaplace', () => {
  it.each([
    ['1/2', 0.5, 0.5],
    ['1', 1, 1],
    ['7/3', thirds, 7 / 3],
    ['10.3', 10.3, 10.3],
    ['50', 50, 50],
  ] as const)('has its distribution at scale %s', (_name, scale, value) => {
    const reach = Math.ceil(12 * value) + 2;
    const counts = Array.from({ length: 2 * reach + 1 }, () => 0);
    for (const y of draws(200_000, scale, 1)) {
      counts[Math.min(2 * reach, Math.max(0, y + reach))]! += 1;
    }
    expect(fitPValue(counts, masses(value, reach))).toBeGreaterThan(1e-9);
    // Power: a scale wrong by a twentieth fails the same test.
    expect(fitPValue(counts, masses(value * 1.05, reach))).toBeLessThan(1e-9);
  });

  it('takes a fraction for the double that it equals', () => {
    expect(draws(200, [20n, 16n], 2)).toEqual(draws(200, 1.25, 2));
  });

  it('has the moments and the low digits of a Laplace at a large scale', () => {
    const length = 60_000;
    const scale = 123_456.789;
    const values = draws(length, scale, 3);
    const mean = (f: (y: number) => number): number => values.reduce((sum, y) => sum + f(y), 0) / length;
    // |Y| is exponential: mean 1 and stddev 1; Y^2 has mean 2 and variance 24 - 4.
    expect(Math.abs(mean((y) => y / scale))).toBeLessThan(z * Math.sqrt(2 / length));
    expect(Math.abs(mean((y) => Math.abs(y) / scale) - 1)).toBeLessThan(z / Math.sqrt(length));
    expect(Math.abs(mean((y) => (y / scale) ** 2) - 2)).toBeLessThan(z * Math.sqrt(20 / length));
    expect(Math.abs(mean((y) => Math.abs(y % 2)) - 0.5)).toBeLessThan((z * 0.5) / Math.sqrt(length));
  });

  it('draws the same number of words whatever comes out', () => {
    for (const scale of [2 ** -40, 0.5, 50, 2 ** 40]) {
      const random = seededRandom(4);
      const words = new Set<number>();
      const values = new Set<number>();
      for (let draw = 0; draw < 500; draw += 1) {
        const before = random.wordsDrawn;
        values.add(discreteLaplace({ scale }, random));
        words.add(random.wordsDrawn - before);
      }
      expect(words.size).toBe(1);
      expect(values.size).toBeGreaterThan(scale < 0.1 ? 0 : 3);
    }
  });

  it('decides by more bits where 53 cannot tell, and goes on beyond the digits that it tosses', () => {
    // floor(2**117 q / (1 + q)) at scale 3, by mpmath with 600 bits; 1 in front of a geometric number g is -1 - g.
    const boundary = 0xd5b95b9f3da3d66a734503eac53a4n;
    const first = boundary >> 64n;
    for (const [offset, isNegative] of [
      [-10n, true],
      [10n, false],
    ] as const) {
      const words = [Number(first >> 32n) * 2 ** 11, Number(first & 0xffff_ffffn)];
      const wide = [(boundary & (2n ** 64n - 1n)) + offset];
      // All other coins fail: their words are as large as can be.
      const random = { nextUint32: () => words.shift() ?? 2 ** 32 - 1, nextUint64: () => wide.shift()! };
      expect(discreteLaplace({ scale: 3 }, random)).toBe(isNegative ? -1 : 0);
      expect(wide).toEqual([]);
    }
    // Only zeros: every coin succeeds as long as 64 zero bits stay below its probability. The scale is 1, 64 > 44.
    let zeros = 2 + 2 * 6 + 2;
    const random = { nextUint32: () => ((zeros -= 1) >= 0 ? 0 : 2 ** 32 - 1), nextUint64: () => 0n };
    expect(discreteLaplace({ scale: 1 }, random)).toBe(-1 - (63 + 64));
  });

  it('never gives minus zero, and only zero when the scale is tiny', () => {
    const values = draws(2_000, 1, 5);
    expect(values.some((value) => Object.is(value, -0))).toBe(false);
    expect(draws(200, 2 ** -40, 6).every((y) => Object.is(y, 0))).toBe(true);
  });

  it('refuses parameters out of range', () => {
    for (const scale of [0, -1, 2 ** 41, Number.NaN, Infinity])
      expect(() => discreteLaplace({ scale })).toThrow('scale must be in');
    for (const [numerator, denominator] of [
      [-1n, -1n],
      [1n, 0n],
    ] as const)
      expect(() => discreteLaplace({ scale: [numerator, denominator] })).toThrow(
        `denominator must be finite and > 0, got ${denominator}`,
      );
  });
});
