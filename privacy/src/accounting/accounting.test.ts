import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import accounting from '../../vectors/accounting.json' with { type: 'json' };
import { composeSpends, type Spend } from './composition.ts';
import { discreteGaussianEpsilon } from './discrete-gaussian-accounting.ts';
import { gaussianDelta, gaussianEpsilon, gaussianNoiseMultiplier, zcdpEpsilon } from './gaussian-accounting.ts';
import { accountLaplace, accountPure, accountRandomizedResponse } from './pure-accounting.ts';

const { rows } = accounting;
const closeTo = (found: number, reference: number): void =>
  expect(Math.abs(found - reference)).toBeLessThanOrEqual(1e-9 * Math.max(Math.abs(reference), Number.MIN_VALUE));
const multiplier = fc.double({ min: 0.05, max: 100, noNaN: true });
const logDelta = fc.double({ min: -30, max: -1, noNaN: true });

const mass = (stddev: number, k: number): number => {
  let total = 0;
  for (let j = -60; j <= 60; j += 1) total += Math.exp(-(j * j) / (2 * stddev ** 2));
  return Math.exp(-(k * k) / (2 * stddev ** 2)) / total;
};

const compose =
  (...spends: unknown[]) =>
  () =>
    composeSpends(spends as Spend[], { delta: 1e-6 });

describe('the Gaussian mechanism', () => {
  it.each(rows.gaussian_composition)('spends what 60 digits say: $sigma_over_sens, $T steps, $delta', (row) => {
    closeTo(gaussianEpsilon({ noiseMultiplier: row.sigma_over_sens, steps: row.T, delta: row.delta }), row.eps_exact);
  });
  it.each(rows.analytic_gaussian_sigma)('is calibrated as 60 digits say: $eps, $delta', (row) => {
    closeTo(gaussianNoiseMultiplier({ epsilon: row.eps, delta: row.delta }) * row.l2_sensitivity, row.sigma_exact);
  });

  it('has epsilon, delta and noise multiplier that invert each other', () => {
    fc.assert(
      fc.property(multiplier, logDelta, fc.integer({ min: 1, max: 1_000 }), (noiseMultiplier, exponent, steps) => {
        const delta = Math.exp(exponent);
        const epsilon = gaussianEpsilon({ noiseMultiplier, steps, delta });
        if (epsilon === 0) return gaussianDelta({ noiseMultiplier, steps, epsilon }) <= delta;
        closeToRelative(gaussianDelta({ noiseMultiplier, steps, epsilon }), delta, 1e-8);
        if (epsilon > 1e-3) closeToRelative(gaussianNoiseMultiplier({ epsilon, delta, steps }), noiseMultiplier, 1e-9);
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

function closeToRelative(found: number, reference: number, tolerance: number): void {
  expect(Math.abs(found / reference - 1)).toBeLessThan(tolerance);
}

describe('zCDP', () => {
  it.each(rows.zcdp_to_approx_dp)(
    'converts as the reference does: rho $rho, $delta',
    ({ rho, delta, eps_cks_optimal }) => {
      closeTo(zcdpEpsilon({ rho, delta }), eps_cks_optimal);
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

describe('pure mechanisms', () => {
  it.each(rows.pure_dp_composition_homogeneous)('compose optimally: $eps0, $k steps', (row) => {
    closeTo(accountPure({ epsilonPerStep: row.eps0, steps: row.k, delta: row.delta }).epsilon, row.eps_optimal_kov);
  });
  it.each(rows.grr_composition_replace_one)('randomized response composes exactly: $k options, $T steps', (row) => {
    const pure = { epsilonPerStep: row.eps0, steps: row.T, delta: row.delta };
    closeTo(accountRandomizedResponse({ options: row.k, ...pure }).epsilon, row.eps_exact);
    closeTo(accountPure(pure).epsilon, row.eps_optimal_any_pure_mechanism);
  });
  it.each(rows.laplace_composition)(
    'Laplace composes within the reference bounds: $eps0_per_query, $T steps',
    (row) => {
      const { epsilon } = accountLaplace({ epsilonPerStep: row.eps0_per_query, steps: row.T, delta: row.delta });
      expect(epsilon).toBeGreaterThanOrEqual(row.eps_pld_lower * (1 - 1e-12));
      expect(epsilon).toBeLessThanOrEqual(row.eps_pld_upper + 1e-4);
      if (row.eps_exact !== undefined) closeTo(epsilon, row.eps_exact);
    },
  );
  it('never spend more than the sum, and the sum exactly for delta 0', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 5, noNaN: true }),
        fc.integer({ min: 1, max: 12 }),
        logDelta,
        (epsilonPerStep, steps, exponent) => {
          const pure = { epsilonPerStep, steps, delta: Math.exp(exponent) };
          const generic = accountPure(pure).epsilon;
          expect(generic).toBeLessThanOrEqual(epsilonPerStep * steps);
          expect(accountRandomizedResponse({ options: 5, ...pure }).epsilon).toBeLessThanOrEqual(generic * (1 + 1e-12));
          expect(accountLaplace(pure).epsilon).toBeLessThanOrEqual(generic * (1 + 1e-12));
        },
      ),
      { numRuns: 25 },
    );
    expect(accountPure({ epsilonPerStep: 0.5, steps: 4, delta: 0 })).toEqual({
      epsilon: 2,
      delta: 0,
      accountant: 'basic',
      neighboringRelation: 'replace-one',
      privacyUnit: 'employee',
    });
    expect(accountPure({ epsilonPerStep: 1e-4, steps: 100_000, delta: 1e-6 }).epsilon).toBe(10);
  });
  it('refuse parameters out of range', () => {
    expect(() => accountPure({ epsilonPerStep: 0, steps: 1, delta: 0 })).toThrow('epsilonPerStep must be');
    expect(() => accountLaplace({ epsilonPerStep: 1, steps: 0, delta: 0 })).toThrow('steps must be');
    expect(() => accountPure({ epsilonPerStep: 1, steps: 1, delta: 1 })).toThrow('delta must be');
    expect(() => accountRandomizedResponse({ options: 1, epsilonPerStep: 1, steps: 1, delta: 0 })).toThrow(
      'options must be',
    );
  });
});

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

describe('composeSpends', () => {
  const base = { neighboringRelation: 'replace-one', privacyUnit: 'employee' } as const;
  const pure = (epsilon: number): Spend => ({ ...base, mechanism: 'pure', epsilon });
  const gaussian = (noiseMultiplier: number): Spend => ({ ...base, mechanism: 'gaussian', noiseMultiplier });
  const zcdp = (rho: number): Spend => ({ ...base, mechanism: 'zcdp', rho });

  it('adds pure spends, which need no delta', () => {
    expect(composeSpends([pure(1), pure(0.5)], { delta: 1e-6 })).toEqual({
      ...base,
      epsilon: 1.5,
      delta: 0,
      accountant: 'pure-sum',
    });
    expect(composeSpends([pure(1)], { delta: 0 }).epsilon).toBe(1);
  });

  it('adds Gaussians by the root of their squares, exactly', () => {
    const { epsilon, delta, accountant } = composeSpends([gaussian(4), gaussian(4), gaussian(2)], { delta: 1e-5 });
    closeToRelative(
      epsilon,
      gaussianEpsilon({ noiseMultiplier: 1 / Math.sqrt(1 / 16 + 1 / 16 + 1 / 4), delta: 1e-5 }),
      1e-12,
    );
    expect([delta, accountant]).toEqual([1e-5, 'pure-sum+gaussian']);
  });

  it('adds the two kinds, and takes everything as zCDP where that is less', () => {
    const mixed = composeSpends([pure(1), gaussian(2)], { delta: 1e-5 });
    closeToRelative(mixed.epsilon, 1 + gaussianEpsilon({ noiseMultiplier: 2, delta: 1e-5 }), 1e-12);
    const weekly = composeSpends(
      Array.from({ length: 200 }, () => pure(0.1)),
      { delta: 1e-6 },
    );
    closeToRelative(weekly.epsilon, zcdpEpsilon({ rho: 200 * 0.005, delta: 1e-6 }), 1e-12);
    expect(weekly).toMatchObject({ accountant: 'zcdp', delta: 1e-6 });
    closeToRelative(
      composeSpends([zcdp(0.1), gaussian(1)], { delta: 1e-5 }).epsilon,
      zcdpEpsilon({ rho: 0.6, delta: 1e-5 }),
      1e-12,
    );
  });

  it('adds a large pure spend to a small zCDP one', () => {
    const { epsilon, accountant } = composeSpends([zcdp(0.01), pure(3)], { delta: 1e-5 });
    closeToRelative(epsilon, 3 + zcdpEpsilon({ rho: 0.01, delta: 1e-5 }), 1e-12);
    expect(accountant).toBe('pure-sum+zcdp');
  });

  it('ignores order and never forgets a spend', () => {
    const spend = fc.oneof(
      fc.double({ min: 0, max: 2, noNaN: true }).map(pure),
      fc.double({ min: 0.5, max: 50, noNaN: true }).map(gaussian),
      fc.double({ min: 0, max: 1, noNaN: true }).map(zcdp),
    );
    fc.assert(
      fc.property(fc.array(spend, { minLength: 1, maxLength: 8 }), spend, (spends, extra) => {
        const { epsilon } = composeSpends(spends, { delta: 1e-6 });
        closeToRelative(composeSpends(spends.toReversed(), { delta: 1e-6 }).epsilon + 1, epsilon + 1, 1e-10);
        expect(composeSpends([...spends, extra], { delta: 1e-6 }).epsilon).toBeGreaterThanOrEqual(epsilon - 1e-9);
      }),
    );
  });

  it('fails closed: unknown mechanisms, mixed units or relations, missing delta, bad numbers', () => {
    expect(compose()).toThrow('at least one spend');
    expect(compose({ ...base, mechanism: 'magic' })).toThrow(TypeError);
    expect(compose(pure(1), { ...pure(1), privacyUnit: 'site' })).toThrow(
      'privacyUnit must be employee throughout, got site',
    );
    expect(compose({ ...pure(1), neighboringRelation: 'add-or-remove-one' })).toThrow(
      'neighboringRelation must be replace-one',
    );
    expect(compose(pure(-1))).toThrow('epsilon must be');
    expect(compose(pure(Number.NaN))).toThrow('epsilon must be');
    expect(compose(gaussian(0))).toThrow('noiseMultiplier must be');
    expect(compose(gaussian(-1))).toThrow('noiseMultiplier must be');
    expect(compose(zcdp(-1))).toThrow('rho must be');
    expect(() => composeSpends([gaussian(1)], { delta: 0 })).toThrow('delta must be > 0');
    expect(() => composeSpends([pure(1)], { delta: 1 })).toThrow('delta must be in [0, 1)');
  });
});
