import { describe, expect, it } from 'vitest';
import { fitPValue, z } from '../../testing/chi-square.ts';
import { seededRandom } from '../../testing/seeded-random.ts';
import { expOfNegativeFraction } from '../numerics/exponential.ts';
import { discreteGaussian, discreteGaussianVector } from './discrete-gaussian.ts';

/** The probabilities of -reach .. reach, everything beyond at the ends. */
function masses(noiseStddev: number, reach: number): number[] {
  const values = Array.from({ length: 2 * reach + 1 }, (_, index) =>
    Math.exp(-((index - reach) ** 2) / (2 * noiseStddev ** 2)),
  );
  const total = values.reduce((sum, value) => sum + value, 0);
  return values.map((value) => value / total);
}

describe('discreteGaussian', () => {
  it.each([0.3, 0.5, 1, 2.5, 10, 37.3, 100])('has its distribution at noiseStddev %f', (noiseStddev) => {
    const draws = 200_000;
    const reach = Math.ceil(10 * noiseStddev) + 2;
    const counts = Array.from({ length: 2 * reach + 1 }, () => 0);
    for (const value of discreteGaussianVector({ length: draws, noiseStddev }, seededRandom(1))) {
      counts[Math.min(2 * reach, Math.max(0, value + reach))]! += 1;
    }
    expect(fitPValue(counts, masses(noiseStddev, reach))).toBeGreaterThan(1e-9);
    // Power: a scale wrong by a tenth fails the same test.
    expect(fitPValue(counts, masses(noiseStddev * 1.1, reach))).toBeLessThan(1e-9);
  });

  it.each([1e3, 123_456.789, 1e6, 2 ** 40])('has the moments of a Gaussian at noiseStddev %f', (noiseStddev) => {
    const length = 100_000;
    const values = discreteGaussianVector({ length, noiseStddev }, seededRandom(2));
    expect(values.every((value) => Number.isSafeInteger(value))).toBe(true);
    const moment = (power: number): number =>
      values.reduce((sum, value) => sum + (value / noiseStddev) ** power, 0) / length;
    // Var of Z, Z^2, Z^3, Z^4 is 1, 2, 15, 96.
    for (const [power, expected, variance] of [
      [1, 0, 1],
      [2, 1, 2],
      [3, 0, 15],
      [4, 3, 96],
    ] as const) {
      expect(Math.abs(moment(power) - expected)).toBeLessThan(z * Math.sqrt(variance / length));
    }
    // Power: a scale wrong by a tenth moves the second moment by 0.21.
    expect(0.21).toBeGreaterThan(z * Math.sqrt(2 / length));
    // Low digits are uniform: the proposal's remainder is not rounded.
    const parity = values.reduce((sum, value) => sum + Math.abs(value % 2), 0) / length;
    expect(Math.abs(parity - 0.5)).toBeLessThan((z * 0.5) / Math.sqrt(length));
  });

  it('is zero with certainty when noiseStddev is tiny, and never minus zero', () => {
    const values = discreteGaussianVector({ length: 200, noiseStddev: 2 ** -40 }, seededRandom(3));
    expect(values.every((value) => Object.is(value, 0))).toBe(true);
    expect(
      discreteGaussianVector({ length: 2_000, noiseStddev: 1 }, seededRandom(3)).some((value) => Object.is(value, -0)),
    ).toBe(false);
  });

  it('gives a vector of the draws that single calls would give', () => {
    const random = seededRandom(4);
    const single = Array.from({ length: 50 }, () => discreteGaussian({ noiseStddev: 12 }, random));
    expect([...discreteGaussianVector({ length: 50, noiseStddev: 12 }, seededRandom(4))]).toEqual(single);
  });

  it('draws two words up to a stddev of 64, and as many for small as for large noise beyond', () => {
    for (const noiseStddev of [2 ** -40, 0.5, 50, 64]) {
      const random = seededRandom(5);
      for (let draw = 1; draw <= 300; draw += 1) {
        discreteGaussian({ noiseStddev }, random);
        expect(random.wordsDrawn).toBe(2 * draw);
      }
    }
    // Every try takes five words, and how many there are is independent of the noise.
    const random = seededRandom(6);
    const noiseStddev = 1_000;
    const draws = 30_000;
    let [retried, small, smallAndRetried] = [0, 0, 0];
    for (let draw = 0; draw < draws; draw += 1) {
      const before = random.wordsDrawn;
      const isSmall = Math.abs(discreteGaussian({ noiseStddev }, random)) < 0.6745 * noiseStddev;
      const words = random.wordsDrawn - before;
      expect(words % 5).toBe(0);
      retried += Number(words > 5);
      small += Number(isSmall);
      smallAndRetried += Number(isSmall && words > 5);
    }
    // Given the two totals, the overlap is hypergeometric.
    const expected = (retried * small) / draws;
    expect(Math.abs(smallAndRetried - expected)).toBeLessThan(z * Math.sqrt(expected * (1 - small / draws)));
    expect(retried).toBeGreaterThan(0.002 * draws);
    expect(retried).toBeLessThan(0.03 * draws);
  });

  it.each([
    [1, 0, 0xcc42298c4bb9e343f811acf700022c4507f79a892149dn],
    [1, 2, 0x1fb52be50805105d9b60f78a191f3bfc4a62a6b6dd7c09n],
    [50, 33, 0xfe8a5b56226840b459cd2ad22e6e4a58d454ce47d75acn],
  ])('settles exactly what 53 bits cannot tell: stddev %i, at most %i', (noiseStddev, magnitude, boundary) => {
    // The boundaries are floor(Pr[|y| at most magnitude] 2**181), by mpmath with 600 bits.
    const ones = 2n ** 64n - 1n;
    for (const [offset, expected, unread] of [
      [-10n, magnitude, 0],
      [10n, magnitude + 1, 0],
      [-(1n << 70n), magnitude, 1],
      [1n << 70n, magnitude + 1, 1],
    ] as const) {
      const bits = boundary + offset;
      const first = bits >> 128n;
      const words = [Number(first >> 32n) * 2 ** 11, Number(first & 0xffff_ffffn)];
      const wide = [(bits >> 64n) & ones, bits & ones];
      const random = { nextUint32: () => words.shift()!, nextUint64: () => wide.shift()! };
      expect(discreteGaussian({ noiseStddev }, random)).toBe(expected);
      expect(wide.length).toBe(unread);
      // The lowest bit of the first word is the sign.
      const signed = [Number(first >> 32n) * 2 ** 11 + 1, Number(first & 0xffff_ffffn)];
      const again = [(bits >> 64n) & ones, bits & ones];
      const other = { nextUint32: () => signed.shift()!, nextUint64: () => again.shift()! };
      expect(discreteGaussian({ noiseStddev }, other)).toBe(expected === 0 ? 0 : -expected);
    }
  });

  it('keeps a proposal k x + u beyond the table with probability exp(-u (u + 2 k x) / (2 s^2))', () => {
    // The table's stddev is 64, so that k = 16; a word's highest four bits are u, and the last two words decide.
    const noiseStddev = 1_024;
    const tries = (remainder: number, uniform: bigint): number => {
      const [first, second] = [uniform >> 64n, uniform & (2n ** 64n - 1n)];
      const words = [0xd000_0000, 0, remainder * 2 ** 28, Number(first >> 32n) * 2 ** 11, Number(first & 0xffff_ffffn)];
      const random = { nextUint32: () => words.shift() ?? 0, nextUint64: () => second };
      // A second try, of words 0 alone, would give zero.
      return discreteGaussian({ noiseStddev }, random);
    };
    const start = tries(0, 0n);
    expect(start).toBeGreaterThan(1_000);
    for (const remainder of [1, 7, 15]) {
      const gamma = [BigInt(remainder * (remainder + 2 * start)), 2n * 1_024n ** 2n] as const;
      const kept = expOfNegativeFraction(gamma, 117)[0];
      expect(tries(remainder, kept - 10n)).toBe(start + remainder);
      expect(tries(remainder, kept + 10n)).toBe(0);
    }
  });

  it('has no largest value', () => {
    // All ones: the uniform number lies beyond every boundary of a table, until the bits differ.
    const words = [2 ** 32 - 2, 2 ** 32 - 1];
    const wide = [2n ** 64n - 1n, 2n ** 64n - 1n, 0n];
    const random = { nextUint32: () => words.shift()!, nextUint64: () => wide.shift()! };
    // Pr[|y| > 14] is 1e-49 and Pr[|y| > 15] is 2e-56; the number is 1 - 2**-181, or 1 - 3e-55.
    expect(discreteGaussian({ noiseStddev: 1 }, random)).toBe(15);
  });

  it('refuses parameters out of range', () => {
    for (const noiseStddev of [0, -1, 2 ** 41, Number.NaN])
      expect(() => discreteGaussian({ noiseStddev })).toThrow('noiseStddev must be');
    expect(() => discreteGaussianVector({ length: -1, noiseStddev: 1 })).toThrow('length must be');
  });
});
