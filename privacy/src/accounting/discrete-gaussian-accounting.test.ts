import { describe, expect, it } from 'vitest';
import { rows } from '../../vectors/noise-accounting.json' with { type: 'json' };
import { discreteGaussianEpsilon } from './discrete-gaussian-accounting.ts';
import { gaussianEpsilon, zcdpEpsilon } from './gaussian-accounting.ts';

const closeTo = (found: number, wanted: number, tolerance = 1e-9): void =>
  expect(Math.abs(found - wanted)).toBeLessThanOrEqual(tolerance * Math.abs(wanted));

const mass = (stddev: number, k: number): number => {
  let total = 0;
  for (let j = -60; j <= 60; j += 1) total += Math.exp(-(j * j) / (2 * stddev ** 2));
  return Math.exp(-(k * k) / (2 * stddev ** 2)) / total;
};

describe('the discrete Gaussian', () => {
  it.each(rows.discrete_gaussian)('spends what the reference says: $sigma, $T steps', (row) => {
    const discrete = { noiseStddev: row.sigma, sensitivity: row.sensitivity, steps: row.T, delta: row.delta };
    const scalar = discreteGaussianEpsilon(discrete);
    if (row.eps_exact_cks_thm7 === undefined) {
      expect(scalar).toBeGreaterThanOrEqual(row.eps_pld_lower);
      expect(scalar).toBeLessThanOrEqual(row.eps_pld_upper);
    } else {
      closeTo(scalar, row.eps_exact_cks_thm7);
    }
    closeTo(
      gaussianEpsilon({ noiseMultiplier: row.sigma / row.sensitivity, steps: row.T, delta: row.delta }),
      row.eps_continuous_exact,
    );
    // What holds for vectors is no smaller, and no larger than zCDP says.
    const vector = discreteGaussianEpsilon({ ...discrete, dimension: 1_000 });
    expect(vector).toBeGreaterThanOrEqual(scalar);
    expect(vector).toBeLessThanOrEqual(row.eps_zcdp_cks * (1 + 1e-12));
  });

  it('approaches the Gaussian as the noise grows, from above, for vectors and sums of parts', () => {
    const gaussian = gaussianEpsilon({ noiseMultiplier: 2, steps: 3, delta: 1e-5 });
    for (const [noiseStddev, excess] of [
      [100, 1e-3],
      [1e4, 1e-7],
      [1e6, 1e-9],
    ] as const) {
      for (const summands of [1, 20]) {
        const found = discreteGaussianEpsilon({
          noiseStddev,
          sensitivity: noiseStddev / 2,
          steps: 3,
          delta: 1e-5,
          dimension: 4_000,
          summands,
        });
        expect(found).toBeGreaterThanOrEqual(gaussian);
        expect(found).toBeLessThan(gaussian * (1 + excess));
      }
    }
  });

  it('counts one part alone where parts are too small to add up', () => {
    const found = discreteGaussianEpsilon({ noiseStddev: 1, sensitivity: 1, delta: 1e-5, summands: 100 });
    expect(found).toBeCloseTo(zcdpEpsilon({ rho: 50, delta: 1e-5 }), 9);
  });

  it('the rounding and adding behind its proof stay within the stated factors, summed directly', () => {
    for (const [s1, s2] of [
      [1, 1],
      [1.2, 0.9],
      [2, 1.5],
    ] as const) {
      const parallel = (s1 * s2) / Math.hypot(s1, s2);
      const slack = 4.41 * Math.exp(-2 * (Math.PI * parallel) ** 2);
      for (let k = -8; k <= 8; k += 1) {
        let sum = 0;
        for (let j = -60; j <= 60; j += 1) sum += mass(s1, j) * mass(s2, k - j);
        expect(Math.abs(Math.log(sum / mass(Math.hypot(s1, s2), k)))).toBeLessThanOrEqual(slack + 1e-13);
      }
    }
  });

  it('refuses parameters out of range', () => {
    const valid = { noiseStddev: 1, sensitivity: 1, delta: 0.1 };
    expect(() => discreteGaussianEpsilon({ ...valid, noiseStddev: 0 })).toThrow('noiseStddev must be');
    expect(() => discreteGaussianEpsilon({ ...valid, sensitivity: -1 })).toThrow('sensitivity must be');
    expect(() => discreteGaussianEpsilon({ ...valid, dimension: 0 })).toThrow('dimension must be');
    expect(() => discreteGaussianEpsilon({ ...valid, summands: 0.5 })).toThrow('summands must be');
  });
});
