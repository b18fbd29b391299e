import { describe, expect, it } from 'vitest';
import { z } from '../../testing/chi-square.ts';
import { seededRandom } from '../../testing/seeded-random.ts';
import { discreteGaussianEpsilon } from '../accounting/discrete-gaussian-accounting.ts';
import { gaussianEpsilon, gaussianNoiseMultiplier } from '../accounting/gaussian-accounting.ts';
import { addDiscreteGaussian, localGaussian } from './local-gaussian.ts';

const good = { clippingNorm: 2, dimension: 5, gridSteps: 2 ** 16, delta: 1e-6 };

describe('localGaussian', () => {
  it('states noise, sensitivity and guarantee in the same unit', () => {
    const mechanism = localGaussian({ ...good, noiseMultiplier: 3 });
    // Two vectors of the largest norm, opposite.
    expect(mechanism.sensitivity).toBe(2 * good.gridSteps);
    expect(mechanism.noiseStddev).toBe(3 * mechanism.sensitivity);
    expect(mechanism.guarantee).toMatchObject({
      delta: 1e-6,
      neighboringRelation: 'replace-one',
      privacyUnit: 'employee',
    });
    const { epsilon } = mechanism.guarantee;
    expect(epsilon).toBe(discreteGaussianEpsilon({ ...mechanism, delta: 1e-6 }));
    // On so fine a grid it is the continuous Gaussian's, and never less.
    const continuous = gaussianEpsilon({ noiseMultiplier: 3, delta: 1e-6 });
    expect(epsilon).toBeGreaterThanOrEqual(continuous);
    expect(epsilon / continuous).toBeLessThan(1 + 1e-6);
  });

  it.each([
    { epsilon: 0.1, gridSteps: 2 ** 16, dimension: 1000 },
    { epsilon: 1, gridSteps: 2 ** 16, dimension: 1 },
    { epsilon: 8, gridSteps: 2 ** 16, dimension: 100_000 },
    { epsilon: 4, gridSteps: 1, dimension: 3 },
    { epsilon: 12, gridSteps: 2, dimension: 50 },
  ])('has hardly more noise than epsilon takes: $epsilon on $gridSteps steps', ({ epsilon, gridSteps, dimension }) => {
    const mechanism = localGaussian({ ...good, gridSteps, dimension, epsilon });
    expect(mechanism.guarantee.epsilon).toBeLessThanOrEqual(epsilon);
    expect(mechanism.guarantee.epsilon).toBeGreaterThan(epsilon * (1 - 1e-5));
    expect(mechanism.noiseMultiplier).toBeGreaterThanOrEqual(gaussianNoiseMultiplier({ epsilon, delta: 1e-6 }));
  });

  it('is unbiased for the clipped vector, with the stated noise', () => {
    const mechanism = localGaussian({ ...good, dimension: 3, noiseMultiplier: 0.7 });
    const random = seededRandom(1);
    const reports = Array.from({ length: 4000 }, () => mechanism.decode(mechanism.privatize([3, 0, -4], random)));
    // Of norm 5, clipped to 2.
    const stddev = 0.7 * 4;
    [1.2, 0, -1.6].forEach((value, k) => {
      const mean = reports.reduce((sum, report) => sum + report[k]!, 0) / reports.length;
      expect(Math.abs(mean - value)).toBeLessThan((z * stddev) / Math.sqrt(reports.length));
      const squares = reports.reduce((sum, report) => sum + (report[k]! - value) ** 2, 0) / reports.length;
      // The variance of a sample of n has standard error sqrt(2 / n), relative: a stddev wrong by a tenth would show.
      expect(Math.abs(squares / stddev ** 2 - 1)).toBeLessThan(z * Math.sqrt(2 / reports.length));
    });
  });

  it('refuses what is out of range, before anything is drawn', () => {
    const mechanism = localGaussian({ ...good, noiseMultiplier: 1 });
    const random = seededRandom(1);
    for (const vector of [
      [1, 2, 3, 4],
      [1, 2, 3, 4, Number.NaN],
      [1, 2, 3, 4, 5, 6],
    ]) {
      expect(() => mechanism.privatize(vector, random)).toThrow(RangeError);
    }
    expect(random.wordsDrawn).toBe(0);
    expect(() => mechanism.decode(new Int32Array(4))).toThrow('report must hold 5 numbers, got 4');
    for (const list of [[1, 2, 3, 4, 5], new Float64Array(5), '12345']) {
      expect(() => mechanism.decode(list as unknown as Int32Array)).toThrow('report must be of type Int32Array, got');
    }
    const asked = { ...good, noiseMultiplier: 1 };
    // Noise that the cut to 32 bits would make smaller towards zero: 8 times 2^17 times the multiplier.
    expect(() => localGaussian({ ...asked, noiseMultiplier: 2047 })).not.toThrow();
    expect(() => localGaussian({ ...asked, noiseMultiplier: 2048 })).toThrow(
      'gridSteps + 8 * noiseStddev must be in [0, 2147483648], got 2147549184',
    );
    expect(() => localGaussian({ ...asked, dimension: 0 })).toThrow('dimension must be an integer');
    expect(() => localGaussian({ ...asked, gridSteps: 0 })).toThrow('gridSteps must be');
    expect(() => localGaussian({ ...asked, clippingNorm: 0 })).toThrow('clippingNorm must be');
    expect(() => localGaussian({ ...asked, delta: 0 })).toThrow('delta must be');
    expect(() => localGaussian({ ...asked, noiseMultiplier: 0 })).toThrow('noiseMultiplier must be');
    expect(() => localGaussian({ ...asked, noiseMultiplier: 2 ** 40 })).toThrow('noiseStddev must be');
    expect(() => localGaussian({ ...good, epsilon: 0 })).toThrow('epsilon must be');
    const both = { ...asked, epsilon: 1 } as unknown as Parameters<typeof localGaussian>[0];
    expect(() => localGaussian(both)).toThrow('one of noiseMultiplier and epsilon must be given');
  });
});

describe('addDiscreteGaussian', () => {
  it('stays within 32 bits', () => {
    const cut = addDiscreteGaussian(new Int32Array(1000), 2 ** 33, seededRandom(2));
    expect(cut).toContain(2 ** 31 - 1);
    expect(cut).toContain(-(2 ** 31));
  });
});
