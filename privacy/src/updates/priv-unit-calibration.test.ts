import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import vectors from '../../vectors/priv-unit.json' with { type: 'json' };
import { calibratePrivUnit, type PrivUnitCalibration } from './priv-unit-calibration.ts';

/** Relative differences of what is compared, so that one bound serves all. */
function differences(actual: PrivUnitCalibration, expected: Partial<PrivUnitCalibration>): number[] {
  return Object.entries(expected).map(([name, value]) => actual[name as keyof PrivUnitCalibration] / value - 1);
}

describe('calibratePrivUnit', () => {
  it.each(vectors.rows.privunit)('has the caps and errors of the reference at d=$d, epsilon=$eps', (row) => {
    const parameters = { dimension: row.d, epsilon: row.eps };
    const sphere = calibratePrivUnit({ ...parameters, variant: 'privunit2' });
    const hemisphere = calibratePrivUnit({ ...parameters, variant: 'privunit2', gamma: 0 });
    const normal = calibratePrivUnit({ ...parameters, variant: 'privunitG' });
    const exact = [
      ...differences(sphere, {
        gamma: row.privunit2_gamma,
        p: row.privunit2_p,
        q: row.privunit2_q_cap,
        gain: row.privunit2_m,
        squaredError: row.privunit2_sq_error,
      }),
      ...differences(hemisphere, { gain: 1 / row.hemisphere_check_1_over_m }),
    ];
    for (const difference of exact) expect(Math.abs(difference)).toBeLessThan(1e-11);
    // The reference found these by a coarser search or another route.
    const coarse = [
      ...differences(normal, {
        gamma: row.privunitG_gamma,
        p: row.privunitG_p,
        q: row.privunitG_q,
        gain: row.privunitG_mu,
        squaredError: row.privunitG_sq_error,
      }),
      ...differences(hemisphere, { gain: 1 / row.duchi_l2_hemisphere_norm, squaredError: row.duchi_l2_sq_error }),
    ];
    for (const difference of coarse) expect(Math.abs(difference)).toBeLessThan(1e-6);
  });

  // By mpmath 1.3 with 40 digits: the root of gamma = m(gamma), the incomplete beta function by quadrature for 1e7.
  it.each([
    { dimension: 2, epsilon: 20, gain: 0.999996386817489, q: 8.5567768366331e-4, squaredError: 7.22640418685386e-6 },
    { dimension: 2, epsilon: 0.01, gain: 0.00318308846182039, q: 0.498986789763017, squaredError: 98_695.6889456954 },
    { dimension: 3, epsilon: 20, gain: 0.999909204262595, q: 4.53978687024344e-5, squaredError: 1.81616209401902e-4 },
    { dimension: 10, epsilon: 20, gain: 0.970417638985721, q: 3.69432071821735e-7, squaredError: 0.061897592203913 },
    { dimension: 1e7, epsilon: 4, gain: 4.79286695506536e-4, q: 0.0648055091222216, squaredError: 4_353_205.33789223 },
  ])('keeps nine places at the ends of its range: d=$dimension, epsilon=$epsilon', (row) => {
    const { dimension, epsilon, ...expected } = row;
    for (const difference of differences(calibratePrivUnit({ dimension, epsilon, variant: 'privunit2' }), expected)) {
      expect(Math.abs(difference)).toBeLessThan(1e-9);
    }
  });

  const variant = fc.constantFrom('privunit2', 'privunitG');
  const dimension = fc.oneof(fc.integer({ min: 2, max: 50 }), fc.integer({ min: 2, max: 1e6 }));
  const epsilon = fc.double({ min: 1e-3, max: 20, noNaN: true });

  it('uses up epsilon exactly, and no other cap does better', () => {
    fc.assert(
      fc.property(variant, dimension, epsilon, (kind, d, eps) => {
        const parameters = { variant: kind, dimension: d, epsilon: eps };
        const best = calibratePrivUnit(parameters);
        const { p, q, gamma } = best;
        // 1 - p has few places left where p is close to 1.
        expect(Math.log((p * (1 - q)) / (q * (1 - p))) / eps - 1).toBeCloseTo(0, 5);
        for (const other of [gamma * 0.9, gamma + (Math.min(1, 2 * gamma) - gamma) / 10]) {
          expect(calibratePrivUnit({ ...parameters, gamma: other }).gain).toBeLessThan(best.gain);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('errs less with a larger epsilon, and on the sphere less than with normals', () => {
    fc.assert(
      fc.property(dimension, epsilon, (d, eps) => {
        const error = (kind: 'privunit2' | 'privunitG', e: number) =>
          calibratePrivUnit({ variant: kind, dimension: d, epsilon: e }).squaredError;
        expect(error('privunit2', eps)).toBeLessThan(error('privunitG', eps));
        for (const kind of ['privunit2', 'privunitG'] as const) {
          expect(error(kind, eps)).toBeLessThan(error(kind, eps * 0.9));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('refuses parameters out of range', () => {
    const good = { dimension: 10, epsilon: 1, variant: 'privunit2' as const };
    for (const bad of [1, 2.5, 1e7 + 1, Number.NaN]) {
      expect(() => calibratePrivUnit({ ...good, dimension: bad })).toThrow(`dimension must be an integer in [2, 1e7]`);
    }
    for (const bad of [0, -1, 20.1, Number.NaN]) {
      expect(() => calibratePrivUnit({ ...good, epsilon: bad })).toThrow(`epsilon must be in [1e-6, 20], got ${bad}`);
    }
    expect(() => calibratePrivUnit({ ...good, variant: 'privunit' as 'privunit2' })).toThrow('got privunit');
    for (const bad of [-0.1, 1, Number.NaN]) {
      expect(() => calibratePrivUnit({ ...good, gamma: bad })).toThrow('gamma must be in [0, 1)');
    }
  });
});
