import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rows } from '../../vectors/noise-accounting.json' with { type: 'json' };
import { gaussianDelta, gaussianEpsilon, gaussianNoiseMultiplier, zcdpEpsilon } from './gaussian-accounting.ts';

const closeTo = (found: number, wanted: number, tolerance = 1e-9): void =>
  expect(Math.abs(found - wanted)).toBeLessThanOrEqual(tolerance * Math.abs(wanted));
const multiplier = fc.double({ min: 0.05, max: 100, noNaN: true });
const logDelta = fc.double({ min: -30, max: -1, noNaN: true });

describe('the Gaussian mechanism', () => {
  it.each(rows.gaussian_composition)('spends what 60 digits say: $sigma_over_sens, $T steps, $delta', (row) => {
    closeTo(gaussianEpsilon({ noiseMultiplier: row.sigma_over_sens, steps: row.T, delta: row.delta }), row.eps_exact);
  });
  it.each(rows.analytic_gaussian_sigma)('is calibrated as 60 digits say: $eps, $delta', (row) => {
    closeTo(gaussianNoiseMultiplier({ epsilon: row.eps, delta: row.delta }) * row.l2_sensitivity, row.sigma_exact);
  });

  it.each(rows.tree_aggregation_dp_ftrl_single_epoch)('is what a tree of sums spends: depth $depth', (row) => {
    // A record is in one sum of each level, each with the same noise.
    const { noise_multiplier: noiseMultiplier, depth, restarts, delta } = row;
    closeTo(gaussianEpsilon({ noiseMultiplier, steps: depth * restarts, delta }), row.eps_exact_gaussian_equiv);
  });

  it('has epsilon, delta and noise multiplier that invert each other', () => {
    fc.assert(
      fc.property(multiplier, logDelta, fc.integer({ min: 1, max: 1_000 }), (noiseMultiplier, exponent, steps) => {
        const delta = Math.exp(exponent);
        const epsilon = gaussianEpsilon({ noiseMultiplier, steps, delta });
        if (epsilon === 0) return gaussianDelta({ noiseMultiplier, steps, epsilon }) <= delta;
        closeTo(gaussianDelta({ noiseMultiplier, steps, epsilon }), delta, 1e-8);
        if (epsilon > 1e-3) closeTo(gaussianNoiseMultiplier({ epsilon, delta, steps }), noiseMultiplier);
        return true;
      }),
    );
  });

  it('spends less with more noise, a larger delta and fewer steps', () => {
    fc.assert(
      fc.property(multiplier, logDelta, fc.integer({ min: 1, max: 100 }), (noiseMultiplier, exponent, steps) => {
        const delta = Math.exp(exponent);
        const epsilon = gaussianEpsilon({ noiseMultiplier, steps, delta });
        expect(gaussianEpsilon({ noiseMultiplier: noiseMultiplier * 1.01, steps, delta })).toBeLessThanOrEqual(epsilon);
        expect(gaussianEpsilon({ noiseMultiplier, steps, delta: delta * 1.01 })).toBeLessThanOrEqual(epsilon);
        expect(gaussianEpsilon({ noiseMultiplier, steps: steps + 1, delta })).toBeGreaterThanOrEqual(epsilon);
      }),
    );
  });

  it('ends at the ends of the doubles', () => {
    expect(gaussianEpsilon({ noiseMultiplier: 1e-320, delta: 1e-6 })).toBe(Infinity);
    expect(gaussianEpsilon({ noiseMultiplier: 1e300, delta: 1e-6 })).toBe(0);
    expect(gaussianDelta({ noiseMultiplier: 1, epsilon: 1e4 })).toBe(0);
    expect(gaussianDelta({ noiseMultiplier: 0.01, epsilon: 1 })).toBe(1);
    expect(zcdpEpsilon({ rho: Number.MIN_VALUE, delta: 1e-6 })).toBe(0);
    expect(gaussianNoiseMultiplier({ epsilon: 1e-9, delta: 1e-12 })).toBeGreaterThan(1e8);
  });

  it('refuses parameters out of range', () => {
    expect(() => gaussianEpsilon({ noiseMultiplier: 0, delta: 0.1 })).toThrow(
      'noiseMultiplier must be finite and > 0, got 0',
    );
    expect(() => gaussianEpsilon({ noiseMultiplier: 1, delta: 0 })).toThrow('delta must be in (0, 1), got 0');
    expect(() => gaussianEpsilon({ noiseMultiplier: 1, delta: 0.1, steps: 1.5 })).toThrow(
      'steps must be an integer >= 1, got 1.5',
    );
    expect(() => gaussianDelta({ noiseMultiplier: 1, epsilon: -1 })).toThrow('epsilon must be finite and >= 0, got -1');
    expect(() => gaussianNoiseMultiplier({ epsilon: 0, delta: 0.1 })).toThrow('epsilon must be finite and > 0, got 0');
    expect(() => zcdpEpsilon({ rho: -1, delta: 0.1 })).toThrow('rho must be finite and >= 0, got -1');
  });
});

describe('zCDP', () => {
  it.each(rows.zcdp_to_approx_dp)(
    'converts as the reference does: rho $rho, $delta',
    ({ rho, delta, eps_cks_optimal, eps_gaussian_exact, eps_standard_bun_steinke }) => {
      closeTo(zcdpEpsilon({ rho, delta }), eps_cks_optimal);
      // A Gaussian of this rho, and the textbook's conversion of it.
      closeTo(gaussianEpsilon({ noiseMultiplier: 1 / Math.sqrt(2 * rho), delta }), eps_gaussian_exact);
      closeTo(rho + 2 * Math.sqrt(rho * Math.log(1 / delta)), eps_standard_bun_steinke);
    },
  );
  it('is above the exact Gaussian, and below the textbook rho + 2 sqrt(rho ln(1 / delta))', () => {
    fc.assert(
      fc.property(multiplier, logDelta, (noiseMultiplier, exponent) => {
        const delta = Math.exp(exponent);
        const rho = 1 / (2 * noiseMultiplier ** 2);
        const epsilon = zcdpEpsilon({ rho, delta });
        expect(epsilon).toBeGreaterThanOrEqual(gaussianEpsilon({ noiseMultiplier, delta }) * (1 - 1e-12));
        expect(epsilon).toBeLessThanOrEqual(rho + 2 * Math.sqrt(rho * -exponent));
      }),
    );
  });
});
