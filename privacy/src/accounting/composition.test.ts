import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { composeAdaptiveSpends, composeSpends, type Spend } from './composition.ts';
import { gaussianDelta, gaussianEpsilon, zcdpEpsilon } from './gaussian-accounting.ts';
import { accountRandomizedResponse } from './pure-accounting.ts';
import { sampledSpends } from './sampled-spends.ts';
import { accountShuffle } from './shuffle-accounting.ts';
import { accountSubsampledGaussian } from './subsampled-gaussian-accounting.ts';
import { accountTernary, informativeProbability } from './ternary-accounting.ts';

const base = { neighboringRelation: 'replace-one', privacyUnit: 'employee' } as const;
const pure = (epsilon: number): Spend => ({ ...base, mechanism: 'pure', epsilon });
const gaussian = (noiseMultiplier: number): Spend => ({ ...base, mechanism: 'gaussian', noiseMultiplier });
const zcdp = (rho: number): Spend => ({ ...base, mechanism: 'zcdp', rho });
const sampled = (noiseMultiplier: number, samplingRate: number, steps: number): Spend => ({
  ...base,
  mechanism: 'subsampled-gaussian',
  noiseMultiplier,
  samplingRate,
  steps,
});
const ternary = (epsilon: number, informative: number, steps?: number): Spend => ({
  ...base,
  mechanism: 'ternary',
  epsilon,
  informative,
  steps,
});

/** One answer among five at epsilon 0.2. */
const weekly = (): Spend => {
  const q = 1 / (Math.exp(0.2) + 4);
  return ternary(0.2, informativeProbability({ epsilon: 0.2, p: 1 - 4 * q, q }));
};

const closeTo = (found: number, reference: number, tolerance = 1e-9): void =>
  expect(Math.abs(found / reference - 1)).toBeLessThanOrEqual(tolerance);

const positive = (max: number) => fc.double({ min: 0.01, max, noNaN: true });
const anySpend = fc.oneof(
  positive(2).map(pure),
  fc.tuple(positive(2), positive(1), fc.integer({ min: 1, max: 20 })).map((parts) => ternary(...parts)),
  fc.double({ min: 0.5, max: 50, noNaN: true }).map(gaussian),
  positive(1).map(zcdp),
  fc
    .tuple(fc.constantFrom(0.6, 2), fc.constantFrom(0.01, 0.2), fc.integer({ min: 1, max: 50 }))
    .map((p) => sampled(...p)),
);
const someSpends = fc.array(anySpend, { minLength: 1, maxLength: 6 });

const density = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);

/** delta(epsilon) of ternary losses with one Gaussian, as an integral of max(0, P - e^epsilon Q) over its outcomes. */
function deltaByIntegral(spends: readonly { epsilon: number; informative: number }[], shift: number, epsilon: number) {
  let outcomes: [p: number, q: number][] = [[1, 1]];
  for (const { epsilon: e, informative } of spends) {
    const up = informative / (1 + Math.exp(-e));
    const down = informative - up;
    outcomes = outcomes.flatMap(([p, q]) => [
      [p * up, q * down],
      [p * down, q * up],
      [p * (1 - informative), q * (1 - informative)],
    ]);
  }
  const width = 1e-3;
  let delta = 0;
  for (let y = -9; y <= 9 + shift; y += width) {
    for (const [p, q] of outcomes) {
      delta += width * Math.max(0, p * density(y - shift) - Math.exp(epsilon) * q * density(y));
    }
  }
  return delta;
}

describe('composition of parameters fixed in advance', () => {
  it('adds pure spends for delta 0', () => {
    expect(composeSpends([pure(1), pure(0.5)], { delta: 0 })).toEqual({
      ...base,
      epsilon: 1.5,
      delta: 0,
      accountant: 'pure-sum',
    });
    expect(composeSpends([ternary(0.5, 0.4, 3), pure(0)], { delta: 0 }).epsilon).toBe(1.5);
  });

  it('charges 52 weekly answers among five at epsilon 0.2 at most 4.5, not 10.4', () => {
    const { epsilon, delta } = composeSpends(Array.from({ length: 52 }, weekly), {
      delta: 1e-6,
      sampled: sampledSpends,
    });
    closeTo(epsilon, accountRandomizedResponse({ options: 5, epsilonPerStep: 0.2, steps: 52, delta: 1e-6 }).epsilon);
    expect(epsilon).toBeLessThan(4.5);
    expect(delta).toBe(1e-6);
  });

  it('takes any number of steps', () => {
    const many = (steps: number): Spend[] => [ternary(1e-3, 0.5, steps)];
    const { epsilon } = composeSpends(many(50_000), { delta: 1e-6, sampled: sampledSpends });
    const account = { epsilonPerStep: 1e-3, informative: 0.5, steps: 50_000, delta: 1e-6 };
    closeTo(epsilon, accountTernary(account).epsilon);
    const mixed = composeSpends([...many(2_000_000_000), ternary(0.1, 0.5), gaussian(2)], {
      delta: 1e-6,
      sampled: sampledSpends,
    });
    expect(mixed.accountant).toBe('renyi');
    expect(mixed.epsilon).toBeLessThan(1_000);
  });

  it('adds Gaussians by the root of their squares, exactly', () => {
    const { epsilon } = composeSpends([gaussian(4), gaussian(4), gaussian(2)], { delta: 1e-5, sampled: sampledSpends });
    const noiseMultiplier = 1 / Math.sqrt(1 / 16 + 1 / 16 + 1 / 4);
    closeTo(epsilon, gaussianEpsilon({ noiseMultiplier, delta: 1e-5 }), 1e-13);
  });

  it.each([
    [[{ epsilon: 1, informative: 1 }], 0.5],
    [
      [
        { epsilon: 0.5, informative: 0.4 },
        { epsilon: 0.5, informative: 0.4 },
        { epsilon: 1, informative: 0.7 },
      ],
      1,
    ],
  ])('adds %j to a Gaussian of shift %d exactly, by integrating over all outcomes', (spends, shift) => {
    const losses = spends.map(({ epsilon, informative }) => ternary(epsilon, informative));
    for (const delta of [1e-2, 1e-4]) {
      const { epsilon } = composeSpends([...losses, gaussian(1 / shift)], { delta });
      // The rectangle rule is off by about the square of its width.
      closeTo(deltaByIntegral(spends, shift, epsilon), delta, 1e-4);
    }
  });

  it('bounds many different answers with a Gaussian from above and closely', () => {
    // All of one epsilon, so that their sums, whose number the code does not see, are multiples of it.
    const shares = Array.from({ length: 40 }, (_, index) => 0.1 + 0.01 * index);
    let sums = [1];
    for (const share of shares) {
      const up = share / (1 + Math.exp(-0.3));
      sums = [0, 1, 2, ...sums.slice(1)].map(
        (_sum, level) =>
          (sums[level] ?? 0) * (share - up) + (sums[level - 1] ?? 0) * (1 - share) + (sums[level - 2] ?? 0) * up,
      );
    }
    const deltaAt = (epsilon: number): number =>
      sums.reduce((total, probability, level) => {
        const rest = epsilon - (level - 40) * 0.3;
        const tail = gaussianDelta({ noiseMultiplier: 2, epsilon: Math.abs(rest) });
        return total + probability * (rest < 0 ? Math.exp(rest) * tail - Math.expm1(rest) : tail);
      }, 0);
    const { epsilon } = composeSpends([gaussian(2), ...shares.map((share) => ternary(0.3, share))], {
      delta: 1e-6,
      sampled: sampledSpends,
    });
    expect(deltaAt(epsilon)).toBeLessThanOrEqual(1e-6);
    expect(deltaAt(epsilon * (1 - 3e-4))).toBeGreaterThan(1e-6);
  });

  it('adds zCDP by Renyi divergence', () => {
    closeTo(
      composeSpends([zcdp(0.1), gaussian(1)], { delta: 1e-5, sampled: sampledSpends }).epsilon,
      zcdpEpsilon({ rho: 0.6, delta: 1e-5 }),
      1e-6,
    );
    const { epsilon, accountant } = composeSpends([zcdp(0.01), pure(3)], { delta: 1e-5, sampled: sampledSpends });
    expect(epsilon).toBeLessThan(3 + zcdpEpsilon({ rho: 0.01, delta: 1e-5 }));
    expect(epsilon).toBeGreaterThan(3);
    expect(accountant).toBe('renyi');
  });

  it('adds up the steps of subsampled Gaussians of one noise and rate, and counts them as Gaussians among others', () => {
    const { epsilon, accountant } = composeSpends([sampled(1, 0.01, 300), sampled(1, 0.01, 700)], {
      delta: 1e-5,
      sampled: sampledSpends,
    });
    const all = { noiseMultiplier: 1, samplingRate: 0.01, steps: 1_000, delta: 1e-5 };
    expect(epsilon).toBe(accountSubsampledGaussian({ ...all, neighboringRelation: 'replace-one' }).epsilon);
    expect(accountant).toBe('loss-distribution');
    // Three in four rows at four steps of much noise: hardly less than four Gaussians.
    const mixed = composeSpends([sampled(10, 0.75, 4), gaussian(5), pure(0.5)], {
      delta: 1e-5,
      sampled: sampledSpends,
    });
    expect(mixed.epsilon).toBeLessThanOrEqual(
      composeSpends([gaussian(5), gaussian(5), pure(0.5)], { delta: 1e-5, sampled: sampledSpends }).epsilon *
        (1 + 1e-9),
    );
  });

  it('accounts for a long ledger of spends that all differ', () => {
    const many = Array.from({ length: 300 }, (_, index) => ternary(0.1 + index / 10_000, 0.4));
    const { epsilon } = composeSpends([gaussian(1), ...many], { delta: 1e-6 });
    const adaptive = composeAdaptiveSpends([gaussian(1), ...many], { delta: 1e-6 });
    const coarse = composeSpends([gaussian(1), ternary(0.13, 0.4, 300)], { delta: 1e-6 });
    // All are smaller than this one, and their mean is .115.
    expect(epsilon).toBeLessThan(coarse.epsilon);
    expect(epsilon).toBeGreaterThan(composeSpends([gaussian(1), ternary(0.1, 0.4, 300)], { delta: 1e-6 }).epsilon);
    expect(epsilon).toBeLessThan(adaptive.epsilon);
  });
});

const composing =
  (compose: typeof composeSpends) =>
  (...spends: unknown[]) =>
  () =>
    compose(spends as Spend[], { delta: 1e-6, sampled: sampledSpends });

describe.each([
  ['fixed', composeSpends],
  ['adaptive', composeAdaptiveSpends],
] as const)('composition of %s parameters', (_kind, compose) => {
  it('ignores order and never forgets a spend', () => {
    fc.assert(
      fc.property(someSpends, anySpend, (spends, extra) => {
        const { epsilon } = compose(spends, { delta: 1e-6, sampled: sampledSpends });
        closeTo(compose(spends.toReversed(), { delta: 1e-6, sampled: sampledSpends }).epsilon + 1, epsilon + 1);
        // Bounds on a grid may vary a little.
        expect(compose([...spends, extra], { delta: 1e-6, sampled: sampledSpends }).epsilon).toBeGreaterThanOrEqual(
          epsilon * (1 - 1e-3),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('comes to the very same number in any order, on grids too', () => {
    const spends = Array.from({ length: 30 }, (_, index) => ternary(0.2 + index / 1_000, 1 / (index + 1)));
    expect(compose(spends.toReversed(), { delta: 1e-6, sampled: sampledSpends })).toEqual(
      compose(spends, { delta: 1e-6, sampled: sampledSpends }),
    );
  });

  it('charges a ternary spend no more than the pure one that it is', () => {
    fc.assert(
      fc.property(positive(2), positive(1), someSpends, (epsilon, informative, others) => {
        const whole = compose([...others, pure(epsilon)], { delta: 1e-6, sampled: sampledSpends }).epsilon;
        expect(
          compose([...others, ternary(epsilon, informative)], { delta: 1e-6, sampled: sampledSpends }).epsilon,
        ).toBeLessThanOrEqual(whole * (1 + 1e-3));
      }),
      { numRuns: 60 },
    );
  });

  it('fails closed: unknown mechanisms, mixed units or relations, missing delta, bad numbers', () => {
    const of = composing(compose);
    expect(of()).toThrow('number of spends must be an integer >= 1, got 0');
    expect(of({ ...base, mechanism: 'magic' })).toThrow(/^mechanism must be pure or ternary or .*, got magic$/);
    expect(of(pure(1), { ...pure(1), privacyUnit: 'site' })).toThrow(
      'privacyUnit of all spends must be employee, got site',
    );
    for (const privacyUnit of [undefined, 'team']) {
      expect(of({ ...pure(1), privacyUnit })).toThrow(`privacyUnit must be employee or site, got ${privacyUnit}`);
    }
    expect(of({ ...pure(1), neighboringRelation: 'add-or-remove-one' })).toThrow(
      'neighboringRelation must be replace-one, got add-or-remove-one',
    );
    expect(of(pure(-1))).toThrow('epsilon must be');
    expect(of(pure(Number.NaN))).toThrow('epsilon must be');
    expect(of(gaussian(0))).toThrow('noiseMultiplier must be');
    expect(of(zcdp(-1))).toThrow('rho must be');
    expect(of(ternary(1, 0))).toThrow('informative must be');
    expect(of(ternary(1, 1.01))).toThrow('informative must be');
    expect(of(ternary(0, 1))).toThrow('epsilonPerStep must be');
    expect(of(ternary(1, 1, 1.5))).toThrow('steps must be');
    expect(() => compose([gaussian(1)], { delta: 0 })).toThrow('delta must be in (0, 1), got 0');
    expect(() => compose([sampled(1, 0.1, 1)], { delta: 0, sampled: sampledSpends })).toThrow(
      'delta must be in (0, 1), got 0',
    );
    expect(() => compose([sampled(1, 0.1, 1)], { delta: 0.1 })).toThrow(
      'sampled must be given for a subsampled-gaussian',
    );
    expect(() => compose([sampled(1, 1.1, 1)], { delta: 0.1, sampled: sampledSpends })).toThrow('samplingRate must be');
    expect(() => compose([pure(1)], { delta: 1 })).toThrow('delta must be in [0, 1)');
  });

  it('takes no guarantee that holds on a condition', () => {
    // @ts-expect-error A shuffled guarantee is not a spend.
    expect(() => compose([accountShuffle({ epsilon: 1, responders: 100, delta: 1e-6 })], { delta: 1e-6 })).toThrow(
      'got undefined',
    );
  });
});

/**
 * The largest delta that anybody reaches who picks one of these losses after another, knowing all results, while the
 * composed epsilon stays within the limit; by trying all strategies backwards from the end.
 */
function deltaOfBestStrategy(
  kinds: readonly { epsilon: number; informative: number }[],
  { limit, delta, compose }: { limit: number; delta: number; compose: typeof composeSpends },
): number {
  const known = new Map<string, number>();
  const allowed = new Map<string, boolean>();
  const isAllowed = (counts: readonly number[]): boolean => {
    const key = counts.join();
    const spends = kinds.flatMap(({ epsilon, informative }, kind) =>
      counts[kind]! > 0 ? [ternary(epsilon, informative, counts[kind])] : [],
    );
    const found = allowed.get(key) ?? compose(spends, { delta }).epsilon <= limit;
    allowed.set(key, found);
    return found;
  };
  const valueOf = (counts: readonly number[], loss: number): number => {
    const key = `${counts.join()} ${loss.toFixed(6)}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    let value = Math.max(0, -Math.expm1(limit - loss));
    for (const [kind, { epsilon, informative }] of kinds.entries()) {
      const next = counts.with(kind, counts[kind]! + 1);
      if (!isAllowed(next)) continue;
      const up = informative / (1 + Math.exp(-epsilon));
      const mean =
        up * valueOf(next, loss + epsilon) +
        (informative - up) * valueOf(next, loss - epsilon) +
        (1 - informative) * valueOf(next, loss);
      value = Math.max(value, mean);
    }
    known.set(key, value);
    return value;
  };
  return valueOf(
    kinds.map(() => 0),
    0,
  );
}

const spent = (spends: Spend[]): [number, string] => {
  const { epsilon, accountant } = composeAdaptiveSpends(spends, { delta: 1e-6, sampled: sampledSpends });
  return [epsilon, accountant];
};

describe('composition of parameters chosen along the way', () => {
  const games = [
    { kinds: [pure(0.25), pure(1.5)], limit: 2, delta: 0.1 },
    { kinds: [pure(0.1), pure(1)], limit: 1.5, delta: 0.05 },
    { kinds: [ternary(0.25, 0.5), ternary(1.5, 0.1)], limit: 2, delta: 0.05 },
  ].map(({ kinds, ...game }) => ({
    ...game,
    kinds: kinds.map((kind) => ({ informative: 1, ...kind })) as { epsilon: number; informative: number }[],
  }));

  it.each(games)('stays private whatever is chosen next: limit $limit', ({ kinds, limit, delta }) => {
    const reached = deltaOfBestStrategy(kinds, { limit, delta, compose: composeAdaptiveSpends });
    expect(reached).toBeLessThanOrEqual(delta);
    // The game is long enough that something can be won.
    expect(reached).toBeGreaterThan(delta / 20);
  });

  it.each(games)('cannot use the bound for fixed parameters, which clever choices exceed: limit $limit', (game) => {
    expect(deltaOfBestStrategy(game.kinds, { ...game, compose: composeSpends })).toBeGreaterThan(game.delta * 1.2);
  });

  it('is no smaller than for fixed ones, nor larger than the sum, and always spends its delta', () => {
    fc.assert(
      fc.property(someSpends, (spends) => {
        const adaptive = composeAdaptiveSpends(spends, { delta: 1e-6, sampled: sampledSpends });
        expect(adaptive.delta).toBe(1e-6);
        expect(adaptive.epsilon).toBeGreaterThanOrEqual(
          composeSpends(spends, { delta: 1e-6, sampled: sampledSpends }).epsilon * (1 - 1e-9),
        );
        if (spends.every(({ mechanism }) => mechanism === 'pure' || mechanism === 'ternary')) {
          expect(adaptive.epsilon).toBeLessThanOrEqual(composeSpends(spends, { delta: 0 }).epsilon * (1 + 1e-12));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('gives Gaussians half of delta, zCDP a quarter and six orders a quarter together', () => {
    const delta = 1e-6;
    closeTo(composeAdaptiveSpends([zcdp(0.5)], { delta }).epsilon, zcdpEpsilon({ rho: 0.5, delta: delta / 4 }));
    closeTo(
      composeAdaptiveSpends([gaussian(1)], { delta }).epsilon,
      gaussianEpsilon({ noiseMultiplier: 1, delta: delta / 2 }),
    );
    // Order 9 is the best of the six; of a pure spend of 50 hardly more than 50 counts.
    const { epsilon } = composeAdaptiveSpends([zcdp(0.25), pure(50)], { delta });
    const conversion = Math.log1p(-1 / 9) - Math.log((delta / 24) * 9) / 8;
    expect(Math.abs(epsilon - (50 + 9 * 0.25 + conversion))).toBeLessThan(1e-9);
  });

  it('gives subsampled Gaussians of one noise and rate half of delta, and their Renyi divergences among other spends', () => {
    const [alone, accountant] = spent([sampled(0.6, 0.01, 500), sampled(0.6, 0.01, 500)]);
    const all = { noiseMultiplier: 0.6, samplingRate: 0.01, steps: 1_000, delta: 5e-7 };
    expect(alone).toBe(accountSubsampledGaussian({ ...all, neighboringRelation: 'replace-one' }).epsilon);
    expect(accountant).toBe('subsampled-gaussian-filter');
    const [another, second] = spent([sampled(0.6, 0.01, 999), sampled(0.6, 0.011, 1)]);
    expect([second, another > alone, another < alone * 1.4]).toEqual(['renyi-filter', true, true]);
    for (const other of [gaussian(20), pure(0.1), zcdp(0.001), ternary(0.1, 0.5)]) {
      const [together, third] = spent([sampled(0.6, 0.01, 1_000), other]);
      expect([third, together > alone, together < alone * 1.4]).toEqual(['renyi-filter', true, true]);
    }
  });

  it('costs little beside fixed ones where spends are many, small or of one kind', () => {
    const [answers, first] = spent(Array.from({ length: 52 }, weekly));
    expect([first, answers < 5.14]).toEqual(['zcdp-filter', true]);
    const [training, second] = spent([gaussian(Math.SQRT2), gaussian(Math.SQRT2)]);
    expect([second, training < 5.18]).toEqual(['gaussian-filter', true]);
    const [mixed, third] = spent([pure(3), gaussian(10)]);
    expect([third, mixed < 3.52]).toEqual(['renyi-filter', true]);
    const [one, fourth] = spent([pure(1), pure(0.5)]);
    expect([fourth, one]).toEqual(['pure-sum', 1.5]);
  });
});
