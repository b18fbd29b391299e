import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import reference from '../../vectors/noise-accounting.json' with { type: 'json' };
import { normalCdf } from '../numerics/normal-distribution.ts';
import { accountFixedSizeSampledGaussian } from './fixed-size-gaussian-accounting.ts';
import { gaussianEpsilon } from './gaussian-accounting.ts';
import { composedEpsilon, cumulantOf } from './lattice-composition.ts';
import { exchangedGaussianCumulant } from './renyi-accounting.ts';
import type { SubsampledGaussian } from './sampled-gaussian.ts';
import { accountSubsampledGaussian } from './subsampled-gaussian-accounting.ts';
import { subsampledGaussianNoiseMultiplier } from './subsampled-gaussian-calibration.ts';
import { type Direction, lossAt, pointAt, subsampledGaussianLosses } from './subsampled-gaussian-losses.ts';

type Steps = Parameters<typeof accountSubsampledGaussian>[0];
const epsilonOf = (steps: Steps): number => accountSubsampledGaussian(steps).epsilon;

/** delta of one release at an epsilon of either sign: the larger outcomes are beyond where the loss exceeds it. */
function oneStepDelta(gaussian: SubsampledGaussian, direction: Direction, epsilon: number): number {
  const { noiseMultiplier: s, samplingRate: q } = gaussian;
  if (direction === 'replaced') return oneStepDelta(gaussian, epsilon < 0 ? 'added' : 'removed', epsilon);
  if (direction === 'exchanged') {
    // The pair is its own mirror image.
    if (epsilon < 0) return Math.exp(epsilon) * oneStepDelta(gaussian, direction, -epsilon) - Math.expm1(epsilon);
    const edge = pointAt(epsilon, gaussian, direction);
    const above = (mean: number): number => (1 - q) * normalCdf(-edge / s) + q * normalCdf((mean - edge) / s);
    return above(1) - Math.exp(epsilon) * above(-1);
  }
  const loss = direction === 'removed' ? epsilon : -epsilon;
  if (loss <= Math.log1p(-q)) return direction === 'removed' ? -Math.expm1(epsilon) : 0;
  const x = s ** 2 * Math.log1p(Math.expm1(loss) / q) + 0.5;
  const sign = direction === 'removed' ? -1 : 1;
  const without = normalCdf((sign * x) / s);
  const withRecord = (1 - q) * without + q * normalCdf((sign * (x - 1)) / s);
  return direction === 'removed' ? withRecord - Math.exp(epsilon) * without : without - Math.exp(epsilon) * withRecord;
}

/** delta of two releases: the mean, over the first one's x, of that of the second at what its loss leaves. */
function twoStepDelta(gaussian: SubsampledGaussian, direction: Direction, epsilon: number): number {
  const { noiseMultiplier: s } = gaussian;
  const cells = 20_000;
  const width = (22 * s + 1) / cells;
  if (direction === 'replaced') {
    // Positive losses are those of one direction and negative ones those of the other, above 1/2; else the loss is 0.
    const half = (11 * s) / cells;
    let [sum, rest] = [0, 1];
    for (let cell = 0; cell < cells; cell += 1) {
      const x = 0.5 + (cell + 0.5) * half;
      const loss = lossAt(x, gaussian);
      const mass = (half * Math.exp((-x * x) / (2 * s * s))) / (s * Math.sqrt(2 * Math.PI));
      sum += mass * Math.exp(loss) * oneStepDelta(gaussian, direction, epsilon - loss);
      sum += mass * oneStepDelta(gaussian, direction, epsilon + loss);
      rest -= mass * (1 + Math.exp(loss));
    }
    return sum + rest * oneStepDelta(gaussian, direction, epsilon);
  }
  let delta = 0;
  for (let cell = 0; cell < cells; cell += 1) {
    const x = -11 * s + (cell + 0.5) * width;
    const loss = lossAt(x, gaussian, direction);
    const density = Math.exp((-x * x) / (2 * s * s)) / (s * Math.sqrt(2 * Math.PI));
    if (direction === 'exchanged') {
      const mass = width * density * Math.exp(lossAt(x, gaussian));
      delta += mass * oneStepDelta(gaussian, direction, epsilon - loss);
    } else
      delta +=
        direction === 'removed'
          ? width * density * Math.exp(loss) * oneStepDelta(gaussian, direction, epsilon - loss)
          : width * density * oneStepDelta(gaussian, direction, epsilon + loss);
  }
  return delta;
}

const someGaussians: [samplingRate: number, noiseMultiplier: number][] = [
  [0.5, 1],
  [0.01, 1],
  [0.3, 5],
  [0.9, 0.4],
  [1e-3, 10],
  [0.02, 0.3],
];

describe('the subsampled Gaussian', () => {
  it.each(reference.rows.poisson_subsampled_gaussian)('spends what the reference says: $q, $sigma, $T steps', (row) => {
    const found = epsilonOf({ noiseMultiplier: row.sigma, samplingRate: row.q, steps: row.T, delta: row.delta });
    expect(found).toBeGreaterThanOrEqual(row.prv_ms_lower);
    expect(found).toBeLessThanOrEqual(row.prv_ms_upper);
    // The middle of the bracket is far better than its width.
    expect(found).toBeGreaterThanOrEqual(row.prv_ms_est - 1e-6);
    expect(found).toBeLessThanOrEqual(row.prv_ms_est + 1.5e-4);
  });

  it.each(someGaussians)('is just above the exact integral for two steps: %d, %d', (samplingRate, noiseMultiplier) => {
    const gaussian = { samplingRate, noiseMultiplier };
    for (const delta of [1e-5, 1e-12]) {
      const epsilon = epsilonOf({ ...gaussian, steps: 2, delta });
      const deltaAt = (at: number): number =>
        Math.max(twoStepDelta(gaussian, 'removed', at), twoStepDelta(gaussian, 'added', at));
      expect(deltaAt(epsilon)).toBeLessThanOrEqual(delta * (1 + 1e-9));
      expect(deltaAt(epsilon - 1e-4 * Math.min(2, epsilon))).toBeGreaterThan(delta);
    }
  });

  it.each([
    [1, 1e-4, 2, 1e-14, 0.074_808],
    [1, 1e-3, 2, 1e-6, 0.027_347],
    [0.5, 1e-5, 2, 1e-12, 1.073_21],
    [1, 1e-3, 5, 1e-10, 0.249_747],
    [1, 1e-3, 5, 1e-6, 0.036_118],
  ])(
    'is close for few steps that are rare, too: %d, %d, %i steps',
    (noiseMultiplier, samplingRate, steps, delta, wanted) => {
      // Of lattices eight times as fine, composed without transforms.
      const found = epsilonOf({ noiseMultiplier, samplingRate, steps, delta });
      expect(found / wanted).toBeGreaterThan(1 - 2e-5);
      expect(found / wanted).toBeLessThan(1.001);
    },
  );

  it('is never more than the sum of what the steps spend', () => {
    for (const steps of [2, 5, 20]) {
      const rare = { noiseMultiplier: 0.5, samplingRate: 1e-7 };
      const one = epsilonOf({ ...rare, steps: 1, delta: 1e-14 / steps });
      expect(epsilonOf({ ...rare, steps, delta: 1e-14 })).toBeLessThanOrEqual(steps * one);
    }
  });

  it('has a loss that keeps its digits wherever it lies', () => {
    // Where q e^y is about as small as 1 - q.
    const samplingRate = 1 - 3e-13;
    const found = lossAt(-27.5, { noiseMultiplier: 1, samplingRate });
    expect(found).toBeCloseTo(Math.log(1 - samplingRate + samplingRate * Math.exp(-28)), 11);
    // For a small q it is q (e^y - 1), and far out y + ln(q).
    expect(lossAt(1.5, { noiseMultiplier: 1, samplingRate: 1e-12 }) / 1e-12).toBeCloseTo(Math.E - 1, 9);
    expect(lossAt(1_000.5, { noiseMultiplier: 1, samplingRate: 0.5 })).toBeCloseTo(1_000 - Math.log(2), 9);
  });

  it('has lattices of both directions that are just above them, however coarse', () => {
    for (const [samplingRate, noiseMultiplier] of someGaussians) {
      const gaussian = { samplingRate, noiseMultiplier };
      const reach = 9 * noiseMultiplier;
      const range = { from: -reach, to: 1 + reach };
      const length = lossAt(range.to, gaussian) - lossAt(range.from, gaussian);
      for (const direction of ['removed', 'added', 'replaced', 'exchanged'] as const) {
        for (const cells of [50, 4_000]) {
          const from = { removed: -reach, added: -reach, replaced: 0.5, exchanged: 0 }[direction];
          const lattice = subsampledGaussianLosses(gaussian, direction, [from, range.to, length / cells]);
          const epsilon = composedEpsilon(lattice, 2, 1e-4);
          expect(twoStepDelta(gaussian, direction, epsilon)).toBeLessThanOrEqual(1e-4 * (1 + 1e-9));
          if (cells > 50 && epsilon > 0) {
            expect(twoStepDelta(gaussian, direction, epsilon * 0.99)).toBeGreaterThan(1e-4);
          }
        }
      }
    }
  });

  it('is the Gaussian itself if all take part, and amplified exactly in one step', () => {
    const all = accountSubsampledGaussian({ noiseMultiplier: 3, samplingRate: 1, steps: 20, delta: 1e-6 });
    expect(all).toEqual({
      epsilon: gaussianEpsilon({ noiseMultiplier: 3, steps: 20, delta: 1e-6 }),
      delta: 1e-6,
      accountant: 'exact',
      neighboringRelation: 'add-or-remove-one',
      privacyUnit: 'employee',
    });
    expect(epsilonOf({ noiseMultiplier: 3, samplingRate: 1 - 1e-12, steps: 20, delta: 1e-6 })).toBe(all.epsilon);
    for (const [samplingRate, noiseMultiplier] of someGaussians) {
      const gaussian = { samplingRate, noiseMultiplier };
      const epsilon = epsilonOf({ ...gaussian, steps: 1, delta: 1e-7 });
      const deltaAt = (direction: Direction): number => oneStepDelta(gaussian, direction, epsilon);
      expect(deltaAt('removed') / 1e-7).toBeCloseTo(1, 6);
      expect(deltaAt('added')).toBeLessThanOrEqual(1e-7);
    }
  });

  it('spends less with more noise, a larger delta, fewer steps and a lower rate', () => {
    const parameters = fc.record({
      noiseMultiplier: fc.double({ min: 0.4, max: 20, noNaN: true }),
      samplingRate: fc.double({ min: 1e-3, max: 0.9, noNaN: true }),
      steps: fc.integer({ min: 2, max: 200 }),
      delta: fc.double({ min: -25, max: -3, noNaN: true }).map(Math.exp),
    });
    fc.assert(
      fc.property(parameters, (given) => {
        const epsilon = epsilonOf(given);
        const most = epsilon + 5e-5 * Math.min(1, epsilon);
        expect(epsilonOf({ ...given, noiseMultiplier: given.noiseMultiplier * 1.1 })).toBeLessThanOrEqual(most);
        expect(epsilonOf({ ...given, delta: given.delta * 2 })).toBeLessThanOrEqual(most);
        expect(epsilonOf({ ...given, steps: Math.ceil(given.steps / 2) })).toBeLessThanOrEqual(most);
        expect(epsilonOf({ ...given, samplingRate: given.samplingRate * 0.9 })).toBeLessThanOrEqual(most);
        expect(epsilon).toBeLessThanOrEqual(gaussianEpsilon(given));
      }),
      { numRuns: 6 },
    );
  });

  it('answers at the ends of its ranges', () => {
    for (const noiseMultiplier of [1e-3, 0.3, 100, 1e6]) {
      for (const samplingRate of [1e-300, 1e-6, 0.5, 1 - 2 ** -53]) {
        for (const [steps, delta] of [
          [2, 1e-14],
          [100, 1e-2],
        ] as const) {
          expect(epsilonOf({ noiseMultiplier, samplingRate, steps, delta })).toBeGreaterThanOrEqual(0);
        }
      }
    }
    // Whoever takes part more rarely than delta is protected by that alone.
    expect(epsilonOf({ noiseMultiplier: 1e-3, samplingRate: 1e-8, steps: 100, delta: 1e-6 })).toBe(0);
    // Its exact loss has a mean of a million times 0.0004: far from what a double's exponential can hold.
    const long = epsilonOf({ noiseMultiplier: 0.5, samplingRate: 0.02, steps: 1_000_000, delta: 1e-6 });
    expect(long).toBeGreaterThan(1_000);
    expect(long).toBeLessThan(20_000);
  });

  it('refuses parameters out of range', () => {
    const valid = { noiseMultiplier: 1, samplingRate: 0.1, steps: 10, delta: 1e-5 };
    expect(() => epsilonOf({ ...valid, noiseMultiplier: 0 })).toThrow('noiseMultiplier must be finite and > 0, got 0');
    expect(() => epsilonOf({ ...valid, samplingRate: 0 })).toThrow('samplingRate must be in (0, 1], got 0');
    expect(() => epsilonOf({ ...valid, samplingRate: 1.1 })).toThrow('samplingRate must be in (0, 1], got 1.1');
    expect(() => epsilonOf({ ...valid, steps: 0 })).toThrow('steps must be an integer >= 1, got 0');
    expect(() => epsilonOf({ ...valid, delta: 0 })).toThrow('delta must be in (0, 1), got 0');
    // @ts-expect-error -- its sensitivity would be another one
    expect(() => epsilonOf({ ...valid, neighboringRelation: 'zero-out' })).toThrow('neighboringRelation must be');
  });
});

/** delta of one release at an epsilon >= 0, where the record moves the mean by v in one data set and by w in the other. */
function deltaOfMoves(
  { noiseMultiplier: s, samplingRate: q }: SubsampledGaussian,
  [v, w]: readonly [v: readonly number[], w: readonly number[]],
  epsilon: number,
): number {
  const width = s / (v.length === 1 ? 200 : 12);
  const far = 1 + 7 * s;
  const density = (x: readonly number[], mean: readonly number[]): number =>
    Math.exp(-x.reduce((sum, value, i) => sum + (value - mean[i]!) ** 2, 0) / (2 * s * s)) /
    (s * Math.sqrt(2 * Math.PI)) ** x.length;
  const none = v.map(() => 0);
  const excess = (x: readonly number[]): number => {
    const rest = (1 - q) * density(x, none);
    return Math.max(0, rest + q * density(x, v) - Math.exp(epsilon) * (rest + q * density(x, w)));
  };
  let delta = 0;
  for (let x = -far; x <= far; x += width) {
    if (v.length === 1) delta += width * excess([x]);
    else for (let y = -far; y <= far; y += width) delta += width * width * excess([x, y]);
  }
  return delta;
}

const replacing = (steps: Omit<Steps, 'neighboringRelation'>): number =>
  epsilonOf({ ...steps, neighboringRelation: 'replace-one' });

describe('the subsampled Gaussian where a record is replaced', () => {
  it.each([
    [0.3, 0.7],
    [0.05, 0.4],
    [0.9, 2],
  ])('has no worse pair than opposite ones of full length: %d, %d', (samplingRate, noiseMultiplier) => {
    const gaussian = { samplingRate, noiseMultiplier: 2 * noiseMultiplier };
    for (const epsilon of [0.02, 0.3, 1.5]) {
      const worst = oneStepDelta(gaussian, 'exchanged', epsilon);
      const far = [-1, -0.8, -0.5, -0.2, 0, 0.2, 0.5, 0.8, 1];
      const line = far.flatMap((v) => far.map((w): [number[], number[]] => [[v], [w]]));
      const turns = [0, 0.25, 0.5, 0.75, 0.9].map((turn) => turn * Math.PI);
      const plane = [0.4, 1].flatMap((v) =>
        [0.4, 1].flatMap((w) =>
          turns.map((a): [number[], number[]] => [
            [v, 0],
            [w * Math.cos(a), w * Math.sin(a)],
          ]),
        ),
      );
      // The rule of an integral with a kink errs by the square of its width; two dimensions have a wide one.
      for (const moves of line) expect(deltaOfMoves(gaussian, moves, epsilon)).toBeLessThanOrEqual(worst + 1e-5);
      for (const moves of plane) expect(deltaOfMoves(gaussian, moves, epsilon)).toBeLessThanOrEqual(worst + 1e-3);
      expect(Math.abs(deltaOfMoves(gaussian, [[1], [-1]], epsilon) - worst)).toBeLessThan(1e-5);
      expect(deltaOfMoves(gaussian, [[1], [-0.8]], epsilon)).toBeLessThan(worst);
    }
  });

  it.each(someGaussians)('is just above the exact integral for one and two steps: %d, %d', (samplingRate, s) => {
    const pair = { samplingRate, noiseMultiplier: s };
    for (const delta of [1e-5, 1e-12]) {
      for (const [steps, deltaOf] of [[1, oneStepDelta] as const, [2, twoStepDelta] as const]) {
        // The pair counts in clipping norms, the multiplier in what replacing a record changes: two of them.
        const epsilon = replacing({ samplingRate, noiseMultiplier: s / 2, steps, delta });
        expect(deltaOf(pair, 'exchanged', epsilon)).toBeLessThanOrEqual(delta * (1 + 1e-9));
        expect(deltaOf(pair, 'exchanged', epsilon - 1e-4 * Math.min(2, epsilon))).toBeGreaterThan(delta);
      }
    }
  });

  it('is the Gaussian itself if all take part, and near it if nearly all do', () => {
    const given = { noiseMultiplier: 1.5, steps: 20, delta: 1e-6 };
    const all = accountSubsampledGaussian({ ...given, samplingRate: 1, neighboringRelation: 'replace-one' });
    expect(all).toEqual({
      epsilon: gaussianEpsilon(given),
      delta: 1e-6,
      accountant: 'exact',
      neighboringRelation: 'replace-one',
      privacyUnit: 'employee',
    });
    const nearly = replacing({ ...given, samplingRate: 1 - 1e-7 });
    expect(nearly).toBeLessThanOrEqual(all.epsilon);
    expect(nearly).toBeGreaterThan(all.epsilon * (1 - 1e-5));
  });

  it('costs more than adding or removing a record, and less than a replacement in samples of a fixed size', () => {
    for (const [samplingRate, noiseMultiplier, steps] of [
      [0.01, 1, 1_000],
      [0.2, 2, 50],
      [0.5, 0.6, 3],
      [0.001, 0.5, 100],
    ] as const) {
      const given = { samplingRate, noiseMultiplier, steps, delta: 1e-6 };
      const found = replacing(given);
      // The same noise is twice as many times the smaller sensitivity.
      expect(found).toBeGreaterThan(epsilonOf({ ...given, noiseMultiplier: 2 * noiseMultiplier }));
      const sample = { noiseMultiplier, steps, delta: 1e-6, populationSize: 1_000, sampleSize: 1_000 * samplingRate };
      expect(found).toBeLessThan(accountFixedSizeSampledGaussian(sample).epsilon);
      // Replacing is removing one and adding another.
      const half = { ...given, noiseMultiplier: 2 * noiseMultiplier, delta: given.delta / (1 + Math.exp(found)) };
      expect(found).toBeLessThan(2 * epsilonOf(half));
    }
  });

  it('spends less with more noise, a larger delta, fewer steps and a lower rate, and has its inverse', () => {
    const parameters = fc.record({
      noiseMultiplier: fc.double({ min: 0.3, max: 10, noNaN: true }),
      samplingRate: fc.double({ min: 1e-3, max: 0.9, noNaN: true }),
      steps: fc.integer({ min: 2, max: 200 }),
      delta: fc.double({ min: -25, max: -3, noNaN: true }).map(Math.exp),
    });
    fc.assert(
      fc.property(parameters, (given) => {
        const epsilon = replacing(given);
        const most = epsilon + 5e-5 * Math.min(1, epsilon);
        expect(replacing({ ...given, noiseMultiplier: given.noiseMultiplier * 1.1 })).toBeLessThanOrEqual(most);
        expect(replacing({ ...given, delta: given.delta * 2 })).toBeLessThanOrEqual(most);
        expect(replacing({ ...given, steps: Math.ceil(given.steps / 2) })).toBeLessThanOrEqual(most);
        expect(replacing({ ...given, samplingRate: given.samplingRate * 0.9 })).toBeLessThanOrEqual(most);
        expect(epsilon).toBeLessThanOrEqual(gaussianEpsilon(given));
      }),
      { numRuns: 6 },
    );
    const wanted = {
      epsilon: 2,
      delta: 1e-5,
      steps: 500,
      samplingRate: 0.02,
      neighboringRelation: 'replace-one',
    } as const;
    const noiseMultiplier = subsampledGaussianNoiseMultiplier(wanted);
    expect(replacing({ ...wanted, noiseMultiplier })).toBeLessThanOrEqual(2 * (1 + 1e-12));
    expect(replacing({ ...wanted, noiseMultiplier: noiseMultiplier * (1 - 1e-4) })).toBeGreaterThan(2);
  });

  it('has Renyi divergences that its loss distribution is just above', () => {
    for (const [samplingRate, s] of someGaussians) {
      const pair = { samplingRate, noiseMultiplier: s };
      const to = 1 + 30 * s;
      const range = [0, to, lossAt(to, pair, 'exchanged') / 20_000] as const;
      const cumulant = cumulantOf(subsampledGaussianLosses(pair, 'exchanged', range));
      // Beyond this order more of it comes from losses above the lattice.
      for (const x of [0.5, 2, Math.min(8, 10 * s)]) {
        // The lattice's own sum rounds by 1e-11 or so.
        const found = exchangedGaussianCumulant(x, { samplingRate, noiseMultiplier: s / 2 });
        expect(found).toBeLessThanOrEqual(cumulant(x) + 1e-11);
        // A lattice's spacing h adds x (1 + x) h^2 / 12 and little more.
        expect(found).toBeGreaterThan(cumulant(x) - (x * (1 + x) * range[2] ** 2) / 6);
      }
    }
  });

  it('answers at the ends of its ranges', () => {
    for (const noiseMultiplier of [1e-3, 0.3, 100, 1e6]) {
      for (const samplingRate of [1e-300, 1e-6, 0.5, 1 - 2 ** -53]) {
        for (const [steps, delta] of [
          [1, 1e-14],
          [2, 1e-14],
          [100, 1e-2],
        ] as const) {
          const epsilon = replacing({ noiseMultiplier, samplingRate, steps, delta });
          expect(epsilon).toBeGreaterThanOrEqual(0);
          expect(epsilon).toBeLessThanOrEqual(gaussianEpsilon({ noiseMultiplier, steps, delta }));
        }
      }
    }
  });
});

describe('the noise of a subsampled Gaussian', () => {
  it('is the least that is private', () => {
    for (const wanted of [
      { epsilon: 2, delta: 1e-5, steps: 500, samplingRate: 0.02 },
      { epsilon: 0.1, delta: 1e-8, steps: 100, samplingRate: 0.1 },
      { epsilon: 20, delta: 1e-5, steps: 10, samplingRate: 0.5 },
      { epsilon: 3, delta: 1e-5, steps: 1, samplingRate: 0.1 },
      { epsilon: 1, delta: 1e-6, steps: 7, samplingRate: 1 },
    ]) {
      const { epsilon, ...given } = wanted;
      const noiseMultiplier = subsampledGaussianNoiseMultiplier(wanted);
      expect(epsilonOf({ ...given, noiseMultiplier })).toBeLessThanOrEqual(epsilon * (1 + 1e-12));
      expect(epsilonOf({ ...given, noiseMultiplier: noiseMultiplier * (1 - 1e-4) })).toBeGreaterThan(epsilon);
    }
  });

  it('may be next to none for a large delta, and refuses parameters out of range', () => {
    const valid = { epsilon: 1, delta: 1e-2, steps: 10, samplingRate: 1e-4 };
    expect(subsampledGaussianNoiseMultiplier(valid)).toBeLessThan(1e-3);
    expect(() => subsampledGaussianNoiseMultiplier({ ...valid, epsilon: 0 })).toThrow('epsilon must be');
    expect(() => subsampledGaussianNoiseMultiplier({ ...valid, samplingRate: 2 })).toThrow('samplingRate must be');
  });
});
