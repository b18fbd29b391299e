import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rows } from '../../vectors/noise-accounting.json' with { type: 'json' };
import { gaussianEpsilon } from './gaussian-accounting.ts';
import { accountDiscreteLaplace } from './laplace-accounting.ts';
import { accountLaplace, accountPure } from './pure-accounting.ts';

const closeTo = (found: number, wanted: number, tolerance = 1e-9): void =>
  expect(Math.abs(found - wanted)).toBeLessThanOrEqual(tolerance * Math.abs(wanted));
const logDelta = fc.double({ min: -30, max: -1, noNaN: true });

describe('the Laplace mechanism', () => {
  it.each(rows.laplace_composition)('composes within the reference bounds: $eps0_per_query, $T steps', (row) => {
    const { epsilon } = accountLaplace({ epsilonPerStep: row.eps0_per_query, steps: row.T, delta: row.delta });
    expect(epsilon).toBeGreaterThanOrEqual(row.eps_pld_lower * (1 - 1e-12));
    expect(epsilon).toBeLessThanOrEqual(row.eps_pld_upper + 1e-5);
    expect(row.eps0_per_query * row.T).toBe(row.eps_basic);
    if (row.eps_exact !== undefined) closeTo(epsilon, row.eps_exact);
  });
  it('never spends more than any pure mechanism', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 5, noNaN: true }),
        fc.integer({ min: 1, max: 12 }),
        logDelta,
        (epsilonPerStep, steps, exponent) => {
          const pure = { epsilonPerStep, steps, delta: Math.exp(exponent) };
          expect(accountLaplace(pure).epsilon).toBeLessThanOrEqual(accountPure(pure).epsilon * (1 + 1e-12));
        },
      ),
      { numRuns: 25 },
    );
  });
  it('takes hundreds of thousands of steps, near the Gaussian that they come to', () => {
    // The loss of a scale of 1000 sensitivities has a variance of 1e-6 in the limit: a shift of 1 in all.
    const { epsilon, accountant } = accountLaplace({ epsilonPerStep: 1e-3, steps: 1_000_000, delta: 1e-6 });
    expect(epsilon / gaussianEpsilon({ noiseMultiplier: 1, delta: 1e-6 })).toBeCloseTo(1, 3);
    expect(accountant).toBe('loss-distribution');
  });

  it('refuses parameters out of range', () => {
    expect(() => accountLaplace({ epsilonPerStep: 1, steps: 0, delta: 0 })).toThrow('steps must be');
  });
});

const account = ({ a, sensitivity, T, delta }: { a: number; sensitivity: number; T: number; delta: number }) =>
  accountDiscreteLaplace({ laplaceScale: 1 / a, sensitivity, steps: T, delta });

describe('the discrete Laplace mechanism', () => {
  it.each(rows.discrete_laplace_composition)('spends what the reference says: $a, $sensitivity, $T steps', (row) => {
    closeTo(account(row).epsilon, row.eps_pld_upper, 1e-12);
    closeTo(account(row).epsilon, row.eps_pld_lower, 1e-12);
    expect(row.eps_pure_per_query).toBe(row.a * row.sensitivity);
    expect(account({ ...row, delta: 0 })).toMatchObject({
      epsilon: row.eps_pure_per_query * row.T,
      accountant: 'basic',
    });
  });

  it('is what summing over the noise gives, for two steps', () => {
    const [scale, sensitivity, delta] = [1.7, 3, 1e-3];
    const mass = (k: number): number => Math.tanh(1 / (2 * scale)) * Math.exp(-Math.abs(k) / scale);
    const { epsilon } = accountDiscreteLaplace({ laplaceScale: scale, sensitivity, steps: 2, delta });
    let found = 0;
    for (let i = -80; i <= 80; i += 1) {
      for (let j = -80; j <= 80; j += 1) {
        const other = mass(i - sensitivity) * mass(j - sensitivity);
        found += Math.max(0, mass(i) * mass(j) - Math.exp(epsilon) * other);
      }
    }
    closeTo(found, delta, 1e-9);
  });

  it('approaches the Laplace mechanism from above as the grid becomes fine', () => {
    const laplace = accountLaplace({ epsilonPerStep: 0.5, steps: 30, delta: 1e-6 }).epsilon;
    const fine = account({ a: 0.5 / 20_000, sensitivity: 20_000, T: 30, delta: 1e-6 }).epsilon;
    const coarse = account({ a: 0.5, sensitivity: 1, T: 30, delta: 1e-6 }).epsilon;
    expect(fine).toBeLessThanOrEqual(laplace);
    closeTo(fine, laplace, 1e-5);
    expect(coarse).toBeGreaterThan(laplace * 1.05);
  });

  it('says whose record and which relation, and refuses parameters out of range', () => {
    const valid = { laplaceScale: 2, sensitivity: 1, steps: 10, delta: 1e-6 };
    expect(accountDiscreteLaplace({ ...valid, privacyUnit: 'site' })).toMatchObject({
      delta: 1e-6,
      accountant: 'loss-distribution',
      neighboringRelation: 'replace-one',
      privacyUnit: 'site',
    });
    expect(() => accountDiscreteLaplace({ ...valid, laplaceScale: 0 })).toThrow('laplaceScale must be');
    expect(() => accountDiscreteLaplace({ ...valid, sensitivity: 1.5 })).toThrow(
      'sensitivity must be an integer in [1, 1048576]',
    );
    expect(() => accountDiscreteLaplace({ ...valid, steps: 0 })).toThrow('steps must be');
    expect(() => accountDiscreteLaplace({ ...valid, delta: 1 })).toThrow('delta must be');
  });
});
