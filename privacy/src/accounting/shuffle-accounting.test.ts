import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import vectors from '../../vectors/shuffle.json' with { type: 'json' };
import { accountShuffle, accountShuffledResponse, responseShuffleDelta, shuffleDelta } from './shuffle-accounting.ts';

const { rows } = vectors;

describe('shuffled reports of any mechanism', () => {
  it.each(rows.shuffle)('have the epsilon of the exact sum: $n responders, $eps0', (row) => {
    const reports = { epsilon: row.eps0, responders: row.n, delta: row.delta };
    const { epsilon } = accountShuffle(reports);
    expect(Math.abs(epsilon / row.fmt21_exact_own - 1)).toBeLessThan(1e-9);
    // The bracket of another implementation, whose lower end is off by as much as its search.
    expect(epsilon).toBeGreaterThan(row.fmt21_numeric_lower_apple * (1 - 1e-3));
    expect(epsilon).toBeLessThan(row.fmt21_numeric_upper_apple);
    // The closed form, which is not shipped, as the sum is never larger.
    expect(epsilon).toBeLessThan(row.fmt21_closed_form_apple ?? row.eps0);
  });

  it('leave out responders beyond those that can be summed', () => {
    const { epsilon, condition } = accountShuffle({ epsilon: 0.5, responders: 1e9, delta: 1e-6 });
    expect(condition).toContain('1000000000 responders');
    expect(epsilon).toBeLessThan(accountShuffle({ epsilon: 0.5, responders: 1e5, delta: 1e-6 }).epsilon);
    expect(accountShuffle({ epsilon: 0.5, responders: 1e12, delta: 1e-6 }).epsilon).toBe(epsilon);
  });
});

describe('shuffled randomized response', () => {
  it.each(rows.shuffle)('has the epsilon of the privacy blanket: $n responders, $eps0', (row) => {
    const reports = { epsilon: row.eps0, responders: row.n, delta: row.delta };
    const binary = accountShuffledResponse({ ...reports, options: 2 });
    expect(Math.abs(binary.epsilon / row.binary_rr_exact_blanket - 1)).toBeLessThan(1e-9);
    for (const [options, reference] of Object.entries(row.grr_blanket_own ?? {})) {
      const { epsilon } = accountShuffledResponse({ ...reports, options: Number(options) });
      expect(Math.abs(epsilon - reference)).toBeLessThan(1e-6);
      expect(epsilon).toBeLessThan(accountShuffle(reports).epsilon);
    }
  });

  it('loses no more than all outcomes of small batches, enumerated, and hardly less than the reference', () => {
    for (const row of rows['verification.shuffle_bruteforce']) {
      const reports = { epsilon: row.eps0, responders: row.n, options: row.k };
      const delta = responseShuffleDelta(reports, row.eps);
      expect(delta).toBeGreaterThanOrEqual(row.exact_worst_delta - 1e-14);
      expect(Math.abs(delta - row.grr_blanket)).toBeLessThan(1e-10);
      expect(Math.abs(shuffleDelta(reports, row.eps) - row.fmt21)).toBeLessThan(1e-13);
      expect(shuffleDelta(reports, row.eps)).toBeGreaterThanOrEqual(row.exact_worst_delta);
    }
  });

  it.each(rows['verification.shuffle_variation_ratio_counterexamples'])(
    'respects the batch that disproves a smaller bound: $k options, $n responders',
    (row) => {
      const delta = responseShuffleDelta({ epsilon: row.eps0, responders: row.n, options: row.k }, row.eps);
      expect(delta).toBeGreaterThanOrEqual(row.exact_delta);
      expect(row.claimed_upper).toBeLessThan(row.exact_delta);
    },
  );

  it('counts at most so many responders as can be summed, and then no less than the general bound', () => {
    const reports = { epsilon: 3, responders: 2_000_000, options: 20, delta: 1e-6 };
    const { epsilon, condition } = accountShuffledResponse(reports);
    expect(epsilon).toBeLessThanOrEqual(accountShuffle(reports).epsilon);
    expect(condition).toContain('2000000 responders');
  });
});

describe.each([
  ['any mechanism', accountShuffle],
  [
    'randomized response',
    (reports: Parameters<typeof accountShuffle>[0]) => accountShuffledResponse({ ...reports, options: 4 }),
  ],
] as const)('a shuffled guarantee of %s', (_, account) => {
  it('falls with responders, never exceeds that of a report, and states its condition', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 6, noNaN: true }),
        fc.integer({ min: 1, max: 400 }),
        fc.double({ min: -20, max: -2, noNaN: true }),
        (epsilon, responders, logDelta) => {
          const delta = Math.exp(logDelta);
          const found = account({ epsilon, responders, delta });
          expect(found.epsilon).toBeLessThanOrEqual(epsilon);
          expect(found.delta).toBe(found.epsilon < epsilon ? delta : 0);
          expect(found.condition).toBe(
            `only while the shuffler is honest and so are ${responders} responders of the batch`,
          );
          expect(account({ epsilon, responders: responders + 1, delta }).epsilon).toBeLessThanOrEqual(
            found.epsilon * (1 + 1e-9),
          );
        },
      ),
      { numRuns: 40 },
    );
  });

  it('gives a single responder hardly anything', () => {
    expect(account({ epsilon: 1, responders: 1, delta: 1e-9 }).epsilon).toBeCloseTo(1, 6);
    expect(account({ epsilon: 1, responders: 1, delta: 1e-100 })).toMatchObject({
      epsilon: 1,
      delta: 0,
      accountant: 'one-report',
    });
  });

  it('refuses parameters out of range', () => {
    const valid = { epsilon: 1, responders: 10, delta: 0.1 };
    expect(() => account({ ...valid, epsilon: 21 })).toThrow('epsilon must be in (0, 20], got 21');
    expect(() => account({ ...valid, epsilon: 0 })).toThrow('epsilon must be');
    expect(() => account({ ...valid, responders: 0 })).toThrow('responders must be an integer >= 1, got 0');
    expect(() => account({ ...valid, delta: 0 })).toThrow('delta must be in (0, 1), got 0');
    expect(() => accountShuffledResponse({ ...valid, options: 1 })).toThrow('options must be an integer >= 2, got 1');
  });
});
