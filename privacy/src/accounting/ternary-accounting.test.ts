import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import composition from '../../vectors/composition.json' with { type: 'json' };
import { composeSpends } from './composition.ts';
import { accountPure, accountRandomizedResponse } from './pure-accounting.ts';
import { accountTernary, informativeProbability } from './ternary-accounting.ts';
import { ternaryCumulant, ternaryRho } from './ternary-divergence.ts';

const { rows } = composition;
const closeTo = (found: number, reference: number, tolerance = 1e-12): void =>
  expect(Math.abs(found / reference - 1)).toBeLessThanOrEqual(tolerance);

/** Pr[L = l] for sums of independent losses +-epsilon and 0, one by one; the epsilons are multiples of `unit`. */
function sums(losses: readonly { epsilon: number; informative: number }[], unit: number): Map<number, number> {
  let found = new Map([[0, 1]]);
  for (const { epsilon, informative } of losses) {
    const next = new Map<number, number>();
    const up = informative / (1 + Math.exp(-epsilon));
    for (const [level, probability] of found) {
      for (const [step, share] of [
        [1, up],
        [0, 1 - informative],
        [-1, informative - up],
      ] as const) {
        const target = level + step * Math.round(epsilon / unit);
        next.set(target, (next.get(target) ?? 0) + share * probability);
      }
    }
    found = next;
  }
  return new Map([...found].map(([level, probability]) => [level * unit, probability]));
}

function deltaOf(distribution: Map<number, number>, epsilon: number): number {
  return [...distribution].reduce(
    (sum, [l, probability]) => sum + probability * Math.max(0, -Math.expm1(epsilon - l)),
    0,
  );
}

const informative = fc.double({ min: 0.01, max: 1, noNaN: true });
const epsilonPerStep = fc.double({ min: 0.01, max: 3, noNaN: true });

describe('ternary losses', () => {
  it.each(rows.grr_composition_replace_one)('compose exactly: $k options, $eps0, $T steps', (row) => {
    const steps = { epsilonPerStep: row.eps0, steps: row.T, delta: row.delta };
    const { epsilon } = accountRandomizedResponse({ options: row.k, ...steps });
    closeTo(epsilon, row.eps_exact);
    expect(epsilon).toBeLessThanOrEqual(row.eps_rdp);
    const p = Math.exp(row.eps0) / (Math.exp(row.eps0) + row.k - 1);
    const share = informativeProbability({ epsilon: row.eps0, p, q: (1 - p) / (row.k - 1) });
    closeTo(accountTernary({ ...steps, informative: share }).epsilon, row.eps_exact);
    closeTo(accountPure(steps).epsilon, row.eps_optimal_any_pure_mechanism);
  });

  it('spend the epsilon at which a sum over all outcomes gives delta', () => {
    fc.assert(
      fc.property(
        epsilonPerStep,
        informative,
        fc.integer({ min: 1, max: 40 }),
        fc.double({ min: -20, max: -0.1, noNaN: true }),
        (epsilon, share, steps, logDelta) => {
          const delta = Math.exp(logDelta);
          const found = accountTernary({ epsilonPerStep: epsilon, informative: share, steps, delta });
          const distribution = sums(
            Array.from({ length: steps }, () => ({ epsilon, informative: share })),
            epsilon,
          );
          // Close to the largest loss a unit in epsilon's last place is 1e-15 in delta.
          const slack = 1e-10 * delta + 1e-14;
          const reached = deltaOf(distribution, found.epsilon);
          expect(reached).toBeLessThanOrEqual(delta + slack);
          if (found.epsilon > 0 && found.delta > 0) expect(reached).toBeGreaterThanOrEqual(delta - slack);
        },
      ),
    );
  });

  it('of one step have the closed form epsilon + ln(1 - delta / Pr[+epsilon])', () => {
    for (const delta of [1e-2, 1e-9, 1e-14]) {
      const { epsilon } = accountTernary({ epsilonPerStep: 2, informative: 0.3, steps: 1, delta });
      closeTo(epsilon, 2 + Math.log1p((-delta * (1 + Math.exp(-2))) / 0.3));
    }
  });

  it('cost more with more steps, more epsilon and more informative answers', () => {
    fc.assert(
      fc.property(epsilonPerStep, informative, fc.integer({ min: 1, max: 500 }), (epsilon, share, steps) => {
        const cost = (changed: object): number =>
          accountTernary({ epsilonPerStep: epsilon, informative: share, steps, delta: 1e-6, ...changed }).epsilon;
        const known = cost({}) * (1 - 1e-12);
        expect(cost({ steps: steps + 1 })).toBeGreaterThanOrEqual(known);
        expect(cost({ epsilonPerStep: epsilon * 1.01 })).toBeGreaterThanOrEqual(known);
        expect(cost({ informative: Math.min(1, share * 1.01) })).toBeGreaterThanOrEqual(known);
        expect(known).toBeLessThanOrEqual(epsilon * steps);
      }),
    );
  });

  it('of 10,000 steps are exact, and beyond a million still far below the sum', () => {
    const many = accountTernary({ epsilonPerStep: 0.01, informative: 0.5, steps: 10_000, delta: 1e-6 });
    expect(many.epsilon).toBeLessThan(5);
    // A little on either side of a million the two ways agree.
    const exact = accountPure({ epsilonPerStep: 1e-3, steps: 1_000_000, delta: 1e-6 }).epsilon;
    const bound = accountPure({ epsilonPerStep: 1e-3, steps: 1_000_001, delta: 1e-6 }).epsilon;
    expect(bound).toBeGreaterThan(exact);
    expect(bound).toBeLessThan(exact * (1 + 1e-5));
    expect(accountPure({ epsilonPerStep: 1e-4, steps: 100_000, delta: 1e-6 }).epsilon).toBeLessThan(0.2);
  });

  it('stay finite where e^epsilon does not', () => {
    expect(accountPure({ epsilonPerStep: 800, steps: 100, delta: 1e-6 }).epsilon).toBeCloseTo(80_000, 4);
    expect(accountTernary({ epsilonPerStep: 1e-9, informative: 1e-9, steps: 1_000, delta: 1e-6 }).epsilon).toBe(0);
  });

  it('are the sum for delta 0, for the unit that was named', () => {
    expect(accountTernary({ epsilonPerStep: 0.5, informative: 0.4, steps: 4, delta: 0, privacyUnit: 'site' })).toEqual({
      epsilon: 2,
      delta: 0,
      accountant: 'basic',
      neighboringRelation: 'replace-one',
      privacyUnit: 'site',
    });
  });

  it('refuse parameters out of range', () => {
    const valid = { epsilonPerStep: 1, informative: 0.5, steps: 1, delta: 0.1 };
    expect(() => accountTernary({ ...valid, informative: 0 })).toThrow('informative must be in (0, 1], got 0');
    expect(() => accountTernary({ ...valid, informative: 1.1 })).toThrow('informative must be in (0, 1], got 1.1');
    expect(() => accountTernary({ ...valid, epsilonPerStep: 0 })).toThrow('epsilonPerStep must be');
    expect(() => accountTernary({ ...valid, steps: 0.5 })).toThrow('steps must be');
    expect(() => accountTernary({ ...valid, delta: 1 })).toThrow('delta must be');
    expect(() => informativeProbability({ epsilon: 1, p: 0.3, q: 0.3 })).toThrow('p must be in (0.3, 0.76');
    expect(() => informativeProbability({ epsilon: 1, p: 0.3, q: -0.1 })).toThrow('q must be in [0, 1], got -0.1');
    expect(() => informativeProbability({ epsilon: 0.1, p: 0.9, q: 0.1 })).toThrow('p must be in (0.1, 0.14');
  });
});

// Pr[the log ratio of two letters is not 0], by enumerating reports under the first of them.
const enumerated = (reports: Iterable<readonly [first: number, second: number]>): number => {
  let sum = 0;
  for (const [first, second] of reports) if (Math.abs(Math.log(first / second)) > 1e-9) sum += first;
  return sum;
};

const bit = (value: number, one: number): number => (value === 1 ? one : 1 - one);

describe('the informative probability', () => {
  it.each([0.2, 1, 4])('is that of every mechanism with such losses, at epsilon %d', (epsilon) => {
    const e = Math.exp(epsilon);
    const check = (p: number, q: number, reports: Iterable<readonly [number, number]>, formula: number): void => {
      closeTo(informativeProbability({ epsilon, p, q }), enumerated(reports));
      closeTo(formula, enumerated(reports));
    };

    const k = 6;
    const truth = e / (e + k - 1);
    const lie = 1 / (e + k - 1);
    check(
      truth,
      lie,
      [[truth, lie] as const, [lie, truth] as const, ...Array.from({ length: k - 2 }, () => [lie, lie] as const)],
      (e + 1) / (e + k - 1),
    );

    // Subsets of s = 2 of 6, by their bits; letters 0 and 1.
    const subsets = Array.from({ length: 64 }, (_, bits) => bits).filter(
      (bits) => bits.toString(2).replaceAll('0', '').length === 2,
    );
    const total = 5 * e + 10;
    const p = (5 * e) / total;
    const mass = (bits: number, letter: number): number => ((bits >> letter) & 1 ? e : 1) / total;
    check(
      p,
      p / 5 + ((1 - p) * 2) / 5,
      subsets.map((bits) => [mass(bits, 0), mass(bits, 1)] as const),
      (2 * 4 * (e + 1)) / (5 * (2 * e + 4)),
    );

    // Optimized unary encoding: the two bits of the letters, the others being alike.
    const q = 1 / (e + 1);
    const pairs = [0, 1, 2, 3].map((b) => {
      const [v, w] = [b & 1, b >> 1];
      return [bit(v, 0.5) * bit(w, q), bit(v, q) * bit(w, 0.5)] as const;
    });
    check(0.5, q, pairs, 0.5);

    // Local hashing to g values: equal ones tell nothing.
    const g = 4;
    const hashed = e / (e + g - 1);
    const other = 1 / (e + g - 1);
    const reports = [
      [hashed, other] as const,
      [other, hashed] as const,
      ...Array.from({ length: g - 2 }, () => [other, other] as const),
    ].map(([a, b]) => [a * (1 - 1 / g), b * (1 - 1 / g)] as const);
    check(hashed, 1 / g, reports, ((1 - 1 / g) * (e + 1)) / (e + g - 1));
  });
});

const mixOf = (epsilons: readonly number[], delta: number) =>
  composeSpends(
    epsilons.map((epsilon) => ({
      mechanism: 'pure',
      epsilon,
      neighboringRelation: 'replace-one',
      privacyUnit: 'employee',
    })),
    { delta },
  );

describe('pure mechanisms', () => {
  it.each(rows.pure_dp_composition_homogeneous)('of one epsilon compose optimally: $eps0, $k steps', (row) => {
    closeTo(accountPure({ epsilonPerStep: row.eps0, steps: row.k, delta: row.delta }).epsilon, row.eps_optimal_kov);
    const mixed = mixOf(Array(row.k).fill(row.eps0), row.delta);
    closeTo(mixed.epsilon, row.eps_optimal_kov, 1e-10);
  });

  it.each(rows.pure_dp_composition_heterogeneous)('of several epsilons compose optimally: $eps_list', (row) => {
    const { epsilon, delta } = mixOf(row.eps_list, row.delta);
    closeTo(epsilon, row.eps_optimal_mv16, 1e-10);
    expect(delta).toBe(row.delta);
    closeTo(mixOf(row.eps_list, 0).epsilon, row.eps_basic);
  });

  it('of sixty epsilons, too many to list all sums, are bounded from above and closely', () => {
    const epsilons = Array.from({ length: 60 }, (_, index) => 0.005 * (index + 1));
    const distribution = sums(
      epsilons.map((epsilon) => ({ epsilon, informative: 1 })),
      0.005,
    );
    for (const delta of [1e-2, 1e-6, 1e-10]) {
      const { epsilon } = mixOf(epsilons, delta);
      expect(deltaOf(distribution, epsilon)).toBeLessThanOrEqual(delta * (1 + 1e-9));
      expect(deltaOf(distribution, epsilon * 0.9999)).toBeGreaterThan(delta);
    }
  });

  it('refuse epsilons out of range', () => {
    expect(() => accountRandomizedResponse({ options: 1, epsilonPerStep: 1, steps: 1, delta: 0 })).toThrow(
      'options must be',
    );
  });
});

describe('the divergence of a ternary loss', () => {
  it('is the mean of e^(x loss)', () => {
    fc.assert(
      fc.property(epsilonPerStep, informative, fc.double({ min: 1e-3, max: 60, noNaN: true }), (epsilon, share, x) => {
        const mean = [...sums([{ epsilon, informative: share }], epsilon)].reduce(
          (s, [l, p]) => s + p * Math.exp(x * l),
          0,
        );
        closeTo(1 + ternaryCumulant(x, { epsilonPerStep: epsilon, informative: share }), 1 + Math.log(mean));
      }),
    );
    expect(ternaryCumulant(1e6, { epsilonPerStep: 1, informative: 0.5 })).toBe(1e6);
  });

  it('has a rho that bounds it at every order, and is hardly above the least that does', () => {
    fc.assert(
      fc.property(epsilonPerStep, informative, (epsilon, share) => {
        const loss = { epsilonPerStep: epsilon, informative: share };
        const rho = ternaryRho(loss);
        let least = 0;
        for (let log = -9; log < 9; log += 0.01) {
          const x = Math.exp(log);
          least = Math.max(least, ternaryCumulant(x, loss) / (x * (x + 1)));
        }
        expect(rho).toBeGreaterThanOrEqual(least * (1 - 1e-9));
        expect(rho).toBeLessThan(least * 1.006);
      }),
      { numRuns: 40 },
    );
  });
});
