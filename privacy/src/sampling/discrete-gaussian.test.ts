import { describe, expect, it } from 'vitest';
import { fitPValue, z } from '../../testing/chi-square.ts';
import { seededRandom } from '../../testing/seeded-random.ts';
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
  it.each([0.3, 0.5, 1, 2.5, 10, 37.3])('has its distribution at noiseStddev %f', (noiseStddev) => {
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

  it('refuses parameters out of range', () => {
    for (const noiseStddev of [0, -1, 2 ** 41, Number.NaN])
      expect(() => discreteGaussian({ noiseStddev })).toThrow('noiseStddev must be');
    expect(() => discreteGaussianVector({ length: -1, noiseStddev: 1 })).toThrow('length must be');
  });
});
