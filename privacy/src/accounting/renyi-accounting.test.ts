import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rows } from '../../vectors/noise-accounting.json' with { type: 'json' };
import { logGamma } from '../numerics/beta-distribution.ts';
import { accountFixedSizeSampledGaussian, fixedSizeGaussianRenyi } from './fixed-size-gaussian-accounting.ts';
import { gaussianEpsilon } from './gaussian-accounting.ts';
import { poissonGaussianRenyi, renyiEpsilon } from './renyi-accounting.ts';
import { cumulantEpsilon } from './renyi-conversion.ts';
import { accountSubsampledGaussian } from './subsampled-gaussian-accounting.ts';

const closeTo = (found: number, wanted: number, tolerance = 1e-9): void =>
  expect(Math.abs(found - wanted)).toBeLessThanOrEqual(tolerance * Math.abs(wanted));

/** The orders that the reference library takes unless told otherwise, and a denser choice. */
const defaultOrders = [
  ...Array.from({ length: 99 }, (_, index) => 1 + (index + 1) / 10),
  ...Array.from({ length: 53 }, (_, index) => 11 + index),
  128,
  256,
  512,
  1024,
];
const denseOrders = [
  ...Array.from({ length: 999 }, (_, index) => 1 + (index + 1) / 100),
  ...Array.from({ length: 530 }, (_, index) => 11 + index / 10),
];

/** What the best of these orders implies. */
const epsilonAt = (divergence: (order: number) => number, delta: number, orders: readonly number[]): number =>
  Math.max(0, Math.min(...orders.map((order) => cumulantEpsilon((order - 1) * divergence(order), order - 1, delta))));

const gaussianRenyi = (order: number, noiseMultiplier: number): number => order / (2 * noiseMultiplier ** 2);

/** The divergence at an integer order, by the binomial sum. */
function integerRenyi(order: number, q: number, s: number): number {
  let sum = 0;
  for (let k = 2; k <= order; k += 1) {
    const logBinomial = logGamma(order + 1) - logGamma(k + 1) - logGamma(order - k + 1);
    const weight = Math.exp(logBinomial + k * Math.log(q) + (order - k) * Math.log1p(-q));
    sum += weight * Math.expm1((k * (k - 1)) / (2 * s * s));
  }
  return Math.log1p(sum) / (order - 1);
}

const someSampling = fc.record({
  noiseMultiplier: fc.double({ min: 0.4, max: 50, noNaN: true }),
  samplingRate: fc.double({ min: -25, max: -0.01, noNaN: true }).map(Math.exp),
});

describe('the Renyi divergence of a Gaussian on a Poisson sample', () => {
  it.each(rows.rdp_curve_poisson_subsampled_gaussian)('is what quadrature gave: $q, $sigma, $alpha', (row) => {
    const found = poissonGaussianRenyi({ noiseMultiplier: row.sigma, samplingRate: row.q, order: row.alpha });
    closeTo(found, row.rdp_per_step_quad);
  });

  it('is the binomial sum at every integer order', () => {
    fc.assert(
      fc.property(someSampling, fc.integer({ min: 2, max: 20 }), ({ noiseMultiplier, samplingRate }, order) => {
        // The sum's logarithms of gamma functions are good to some 1e-13.
        const found = poissonGaussianRenyi({ noiseMultiplier, samplingRate, order });
        closeTo(found, integerRenyi(order, samplingRate, noiseMultiplier), 1e-10);
      }),
    );
  });

  it('grows with the order, and reaches what it is without sampling', () => {
    fc.assert(
      fc.property(someSampling, fc.double({ min: 1.001, max: 300, noNaN: true }), (sampling, order) => {
        const found = poissonGaussianRenyi({ ...sampling, order });
        expect(poissonGaussianRenyi({ ...sampling, order: order * 1.01 })).toBeGreaterThanOrEqual(found * (1 - 1e-11));
        expect(found).toBeLessThanOrEqual(gaussianRenyi(order, sampling.noiseMultiplier) * (1 + 1e-11));
      }),
    );
    expect(poissonGaussianRenyi({ noiseMultiplier: 2, samplingRate: 1, order: 7.5 })).toBe(gaussianRenyi(7.5, 2));
    closeTo(poissonGaussianRenyi({ noiseMultiplier: 2, samplingRate: 1 - 1e-13, order: 7.5 }), gaussianRenyi(7.5, 2));
    // q e^y decides alone.
    const far = { noiseMultiplier: 0.5, samplingRate: 0.1, order: 1e6 };
    closeTo(poissonGaussianRenyi(far), gaussianRenyi(1e6, 0.5) + Math.log(0.1) * (1 + 1 / (1e6 - 1)));
  });

  it('refuses parameters out of range', () => {
    const valid = { noiseMultiplier: 1, samplingRate: 0.1, order: 2 };
    expect(() => poissonGaussianRenyi({ ...valid, order: 1 })).toThrow('order must be finite and > 1, got 1');
    expect(() => poissonGaussianRenyi({ ...valid, noiseMultiplier: 0 })).toThrow('noiseMultiplier must be');
    expect(() => fixedSizeGaussianRenyi({ ...valid, samplingRate: 0 })).toThrow('samplingRate must be');
    expect(() => fixedSizeGaussianRenyi({ ...valid, order: Infinity })).toThrow('order must be');
  });
});

describe('the conversion of Renyi divergence', () => {
  it.each(rows.gaussian_composition)('is the reference at its orders, and never worse: $T steps', (row) => {
    const divergence = (order: number): number => row.T * gaussianRenyi(order, row.sigma_over_sens);
    const { delta } = row;
    const found = epsilonAt(divergence, delta, defaultOrders);
    closeTo(found, row.eps_rdp_default_orders);
    const best = renyiEpsilon(divergence, { delta });
    expect(best).toBeLessThanOrEqual(found);
    expect(best).toBeGreaterThanOrEqual(row.eps_exact);
  });
  it.each(rows.rdp_conversion_comparison)('is Canonne, Kamath and Steinke at dense orders: $sigma, $T steps', (row) => {
    const divergence = (order: number): number => row.T * gaussianRenyi(order, row.sigma);
    const found = epsilonAt(divergence, row.delta, denseOrders);
    closeTo(found, row.eps_balle_cks20);
    const best = renyiEpsilon(divergence, { delta: row.delta });
    expect(best).toBeLessThanOrEqual(found);
    closeTo(best, found, 1e-5);
  });
  it.each(rows.poisson_subsampled_gaussian)('of Poisson samples is the exact curve: $q, $sigma, $T steps', (row) => {
    const divergence = (order: number): number =>
      row.T * poissonGaussianRenyi({ noiseMultiplier: row.sigma, samplingRate: row.q, order });
    const found = epsilonAt(divergence, row.delta, defaultOrders);
    closeTo(found, row.eps_rdp_exact_default_orders);
    expect(renyiEpsilon(divergence, { delta: row.delta })).toBeGreaterThanOrEqual(row.prv_ms_lower);
  });

  it('is never below 0, and refuses parameters out of range', () => {
    expect(renyiEpsilon(() => 1e-9, { delta: 1e-3 })).toBe(0);
    expect(() => renyiEpsilon(() => 1, { delta: 0 })).toThrow('delta must be');
  });
});

describe('Gaussians on samples of fixed size', () => {
  it.each(rows.fixed_size_sampling_without_replacement_gaussian)(
    'spend what the reference says, also at half the multiplier: $m of $n',
    (row) => {
      const { n, m, delta, T: steps } = row;
      const s = row.noise_over_replace_one_sensitivity;
      for (const [noiseMultiplier, wanted] of [
        [s, row.eps_rdp],
        [s / 2, row.eps_rdp_if_s_was_noise_over_clip],
      ] as const) {
        const divergence = (order: number): number =>
          steps * fixedSizeGaussianRenyi({ noiseMultiplier, samplingRate: m / n, order });
        closeTo(
          epsilonAt(
            divergence,
            delta,
            defaultOrders.filter((order) => order < 65),
          ),
          wanted,
        );
        const account = { noiseMultiplier, populationSize: n, sampleSize: m, steps, delta };
        const { epsilon } = accountFixedSizeSampledGaussian(account);
        if (n === m) closeTo(epsilon, gaussianEpsilon({ noiseMultiplier, steps, delta }));
        else expect(epsilon).toBeLessThanOrEqual(wanted);
      }
    },
  );

  it.each([
    // The pair's loss distribution in one transform of a fine lattice, by another program.
    [2, 100, 100, 1e-5, 2.541],
    [10, 10, 5_000, 1e-5, 0.2441],
    [5, 100, 1_000, 1e-6, 3.175],
    [5, 500, 100, 1e-5, 4.595],
  ])(
    'spend half of what their Renyi divergence says: %d, %i of 1,000',
    (noiseMultiplier, sampleSize, steps, delta, wanted) => {
      const account = { noiseMultiplier, sampleSize, populationSize: 1_000, steps, delta };
      closeTo(accountFixedSizeSampledGaussian(account).epsilon, wanted, 2e-4);
    },
  );

  it('are no less private than they say: all data sets of three extreme values', () => {
    // Sums of 1 or 2 of the values +-1: replacing one moves a sum by 2.
    const noiseMultiplier = 0.8;
    const stddev = 2 * noiseMultiplier;
    const cells = 500;
    const width = 20 / cells;
    const outcomes = Array.from({ length: cells }, (_, cell) => (cell + 0.5) * width - 10);
    const delta = 0.02;
    for (const sampleSize of [1, 2]) {
      // Each of the three is left out of a pair once.
      const release = (values: readonly number[]): number[] =>
        outcomes.map((x) => {
          const all = values.reduce((sum, value) => sum + value, 0);
          const densities = values.map((value) =>
            Math.exp(-((x - (sampleSize === 1 ? value : all - value)) ** 2) / (2 * stddev ** 2)),
          );
          return (densities.reduce((sum, density) => sum + density, 0) * width) / (3 * stddev * Math.sqrt(2 * Math.PI));
        });
      const worst = (steps: number, epsilon: number): number => {
        const factor = Math.exp(epsilon);
        let most = 0;
        for (const others of [
          [-1, -1],
          [-1, 1],
          [1, 1],
        ]) {
          for (const sign of [-1, 1]) {
            const p = release([sign, ...others]);
            const q = release([-sign, ...others]);
            let sum = 0;
            for (let i = 0; i < cells; i += 1)
              for (let j = 0; j < (steps === 1 ? 1 : cells); j += 1)
                sum += Math.max(0, steps === 1 ? p[i]! - factor * q[i]! : p[i]! * p[j]! - factor * q[i]! * q[j]!);
            most = Math.max(most, sum);
          }
        }
        return most;
      };
      for (const steps of [1, 2]) {
        const account = { noiseMultiplier, populationSize: 3, sampleSize, steps, delta };
        const { epsilon } = accountFixedSizeSampledGaussian(account);
        expect(worst(steps, epsilon)).toBeLessThanOrEqual(delta * (1 + 2e-4));
        // One step is exact. And a multiplier for the size of a value, not for replacing one, would not do.
        expect(worst(steps, epsilon * (steps === 1 ? 0.97 : 0.6))).toBeGreaterThan(delta);
        const wrong = accountFixedSizeSampledGaussian({ ...account, noiseMultiplier: 2 * noiseMultiplier });
        expect(worst(steps, wrong.epsilon)).toBeGreaterThan(delta);
      }
    }
  });

  it('are amplified exactly in one step, and never worse than all records in each', () => {
    const base = { noiseMultiplier: 1.5, populationSize: 1_000, delta: 1e-6 };
    const single = accountFixedSizeSampledGaussian({ ...base, sampleSize: 50, steps: 1 });
    const { noiseMultiplier, delta } = base;
    const poisson = accountSubsampledGaussian({ noiseMultiplier, samplingRate: 0.05, steps: 1, delta });
    expect(single).toEqual({ ...poisson, neighboringRelation: 'replace-one' });
    for (const sampleSize of [50, 500, 999]) {
      for (const steps of [2, 200]) {
        const { epsilon } = accountFixedSizeSampledGaussian({ ...base, sampleSize, steps });
        expect(epsilon).toBeLessThanOrEqual(gaussianEpsilon({ noiseMultiplier, steps, delta }));
      }
    }
  });

  it('have a divergence that lies on the line between integer orders', () => {
    const sampling = { noiseMultiplier: 1.2, samplingRate: 0.03 };
    const cumulant = (order: number): number => (order - 1) * fixedSizeGaussianRenyi({ ...sampling, order });
    closeTo(cumulant(6.25), 0.75 * cumulant(6) + 0.25 * cumulant(7), 1e-12);
    closeTo(cumulant(1.5), 0.5 * cumulant(2), 1e-12);
  });

  it('say whose record and which relation, and refuse parameters out of range', () => {
    const valid = { noiseMultiplier: 2, populationSize: 100, sampleSize: 10, steps: 5, delta: 1e-5 };
    expect(accountFixedSizeSampledGaussian({ ...valid, privacyUnit: 'site' })).toMatchObject({
      delta: 1e-5,
      accountant: 'loss-distribution',
      neighboringRelation: 'replace-one',
      privacyUnit: 'site',
    });
    const refused = (change: Partial<typeof valid>) =>
      expect(() => accountFixedSizeSampledGaussian({ ...valid, ...change }));
    refused({ sampleSize: 101 }).toThrow('sampleSize must be an integer in [1, 100], got 101');
    refused({ populationSize: 0.5 }).toThrow('populationSize must be an integer >= 1, got 0.5');
    refused({ noiseMultiplier: -1 }).toThrow('noiseMultiplier must be finite and > 0, got -1');
    refused({ steps: 0 }).toThrow('steps must be');
    refused({ delta: 1 }).toThrow('delta must be');
  });
});
