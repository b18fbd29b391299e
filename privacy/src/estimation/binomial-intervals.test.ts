import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import functions from '../../vectors/functions.json' with { type: 'json' };
import ldp from '../../vectors/ldp.json' with { type: 'json' };
import { betaCdf, betaQuantile, squaredStudentQuantile } from '../numerics/beta-distribution.ts';
import { clopperPearson, wilson } from './binomial-intervals.ts';
import { millsRatio, normalCdf, normalQuantile } from '../numerics/normal-distribution.ts';

describe('quantiles', () => {
  it.each(functions.normal_quantile)('the normal one at $probability', ({ probability, x }) => {
    expect(Math.abs(normalQuantile(probability) - x)).toBeLessThan(1e-13 * (1 + Math.abs(x)));
  });
  it.each(functions.mills)("Mills' ratio at $x", ({ x, ratio }) => {
    expect(Math.abs(millsRatio(x) / ratio - 1)).toBeLessThan(2e-14);
  });
  it.each(functions.student_quantile)('Student, $degreesOfFreedom degrees, at $probability', (row) => {
    const { probability, degreesOfFreedom, t } = row;
    const squared = squaredStudentQuantile(2 * Math.min(probability, 1 - probability), degreesOfFreedom);
    expect(Math.abs((Math.sign(probability - 0.5) * Math.sqrt(squared)) / t - 1)).toBeLessThan(1e-10);
  });
  it.each(functions.beta_quantile)('beta($a, $b) at $probability', ({ probability, a, b, x }) => {
    expect(Math.abs(betaQuantile(probability, a, b) / x - 1)).toBeLessThan(1e-10);
  });
  it('invert their distribution functions', () => {
    const probability = fc.double({ min: 1e-12, max: 1 - 1e-12, noNaN: true });
    fc.assert(fc.property(probability, (p) => Math.abs(normalCdf(normalQuantile(p)) - p) < 1e-13));
    // Shapes of at least one: below, x crowds so near 1 that doubles have no place for it.
    const shape = fc.double({ min: 1, max: 2_000, noNaN: true });
    fc.assert(
      fc.property(probability, shape, shape, (p, a, b) => Math.abs(betaCdf(betaQuantile(p, a, b), a, b) - p) < 1e-9),
    );
  });
  it('refuse probabilities outside (0, 1)', () => {
    for (const probability of [0, 1, Number.NaN]) {
      expect(() => normalQuantile(probability)).toThrow('probability must be');
    }
  });
});

describe('intervals', () => {
  it.each(ldp.rows.ci_vectors)('match the reference for $support of $n', (row) => {
    const count = { successes: row.support, trials: row.n, confidence: 0.95 };
    const share = (lambda: number): number => (lambda - row.q) / (row.p - row.q);
    for (const [interval, reference] of [
      [wilson(count), row.wilson],
      [clopperPearson(count), row.clopper_pearson],
    ] as const) {
      expect(Math.abs(share(interval.lower) - reference[0]!)).toBeLessThan(1e-9);
      expect(Math.abs(share(interval.upper) - reference[1]!)).toBeLessThan(1e-9);
    }
  });

  it('hold the observed share, mirror it, and Clopper and Pearson reach the ends', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3_000 }), fc.double({ min: 0, max: 1, noNaN: true }), (trials, share) => {
        const successes = Math.round(share * trials);
        for (const interval of [clopperPearson, wilson]) {
          const { lower, upper } = interval({ successes, trials, confidence: 0.9 });
          const mirrored = interval({ successes: trials - successes, trials, confidence: 0.9 });
          expect(lower).toBeLessThanOrEqual(successes / trials + 1e-12);
          expect(upper).toBeGreaterThanOrEqual(successes / trials - 1e-12);
          expect(mirrored.lower).toBeCloseTo(1 - upper, 10);
        }
      }),
    );
    expect(clopperPearson({ successes: 0, trials: 10, confidence: 0.95 })).toEqual({
      lower: 0,
      // (1 - upper)^10 = 0.025
      upper: expect.closeTo(1 - 0.025 ** 0.1, 12),
    });
    expect(clopperPearson({ successes: 10, trials: 10, confidence: 0.95 }).upper).toBe(1);
  });

  it('refuse counts that are none', () => {
    for (const interval of [clopperPearson, wilson]) {
      expect(() => interval({ successes: 2, trials: 1, confidence: 0.9 })).toThrow(
        'successes must be in [0, 1], got 2',
      );
      expect(() => interval({ successes: 0, trials: 0, confidence: 0.9 })).toThrow('trials must be');
      expect(() => interval({ successes: 0, trials: 1, confidence: 1 })).toThrow('confidence must be');
    }
  });
});
