import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gaussianEpsilon, gaussianNoiseMultiplier } from '../accounting/gaussian-accounting.ts';
import { privUnit } from '../updates/priv-unit.ts';
import { planTraining, type TrainingPlanOptions } from './forecast-training.ts';

const local: TrainingPlanOptions = {
  clients: 10_000,
  dimension: 20,
  clippingNorm: 1,
  epsilon: 2,
  delta: 1e-6,
  rounds: 1,
  mode: 'local',
};
const distributed: TrainingPlanOptions = { ...local, mode: 'distributed' };
const plan = (change: object, options = local) => planTraining({ ...options, ...change });
const refused = (change: object, message: string, options = local) =>
  expect(() => plan(change, options)).toThrow(message);

describe('planTraining: verdicts', () => {
  it.each([1, 2, 4, 8])('local noise on 50 features is hopeless below 100,000 people at epsilon=%s', (epsilon) => {
    for (const clients of [100, 1500, 15_000, 99_999]) {
      for (const rounds of [1, 20, 50]) {
        const mechanisms = ['gaussian', 'privunit', undefined] as const;
        for (const mechanism of mechanisms) {
          expect(plan({ clients, dimension: 50, epsilon, rounds, mechanism }).verdict).toBe('hopeless');
        }
      }
    }
  });

  it.each([1, 2, 4, 8])('distributed noise on 50 features is usable from 1,500 people at epsilon=%s', (epsilon) => {
    for (const rounds of [1, 20, 50]) {
      const options = { clients: 1500, dimension: 50, epsilon, delta: 1e-5, rounds };
      expect(plan(options, distributed).verdict).toBe('usable');
    }
  });

  // Accuracy of simulated training on 20 features and an intercept, each client used once; .803 without noise and .5
  // with nothing learned.
  it.each([
    { clients: 1000, epsilon: 8, accuracy: 0.709, word: 'hopeless' },
    { clients: 10_000, epsilon: 2, accuracy: 0.674, word: 'hopeless' },
    { clients: 10_000, epsilon: 4, accuracy: 0.749, word: 'hopeless' },
    { clients: 10_000, epsilon: 8, accuracy: 0.784, word: 'rough' },
    { clients: 100_000, epsilon: 1, accuracy: 0.751, word: 'hopeless' },
    { clients: 100_000, epsilon: 2, accuracy: 0.787, word: 'rough' },
    { clients: 100_000, epsilon: 4, accuracy: 0.799, word: 'usable' },
    { clients: 100_000, epsilon: 8, accuracy: 0.802, word: 'usable' },
  ])(
    'agree with a simulation: $clients clients at epsilon $epsilon reached $accuracy',
    ({ word, accuracy, ...row }) => {
      expect(plan({ ...row, dimension: 21 }).verdict).toBe(word);
      const bound = { hopeless: [0.5, 0.76], rough: [0.76, 0.795], usable: [0.795, 0.803] }[word]!;
      expect(accuracy).toBeGreaterThan(bound[0]!);
      expect(accuracy).toBeLessThan(bound[1]!);
    },
  );

  it('small models of a survey are not hopeless', () => {
    expect(plan({ clients: 3000, dimension: 4 }).verdict).toBe('usable');
    expect(plan({ clients: 1500, dimension: 5 }).verdict).toBe('rough');
  });

  it('are usable with the cohort that they name, and not with a tenth fewer clients', () => {
    const base = { clients: 100_000, cohort: 40, dimension: 50, rounds: 20 };
    for (const [change, options] of [
      [{}, local],
      [{ roundsPerClient: 3, epsilon: 8 }, local],
      [{}, distributed],
      [{ cohort: 5, epsilon: 1 }, distributed],
      [{ cohort: 20, minimumSurvivors: 10 }, distributed],
    ] as const) {
      const given = plan({ ...base, ...change }, options);
      const { verdict, usableCohort, usableSignalToNoise, roundsPerClient } = given;
      expect(verdict).not.toBe('usable');
      const minimumSurvivors = 'minimumSurvivors' in change ? change.minimumSurvivors : undefined;
      const clients = 20 * Math.ceil(usableCohort + 1);
      const followed = { ...base, ...change, clients, roundsPerClient, minimumSurvivors };
      const enough = plan({ ...followed, cohort: Math.ceil(usableCohort * (1 + 1e-9)) }, options);
      expect(enough.verdict).toBe('usable');
      expect(enough.totalSignalToNoise).toBeGreaterThanOrEqual(usableSignalToNoise);
      expect(plan({ ...followed, cohort: Math.floor(usableCohort * 0.9) }, options).verdict).not.toBe('usable');
    }
  });
});

describe('planTraining: numbers', () => {
  it('local Gaussian noise is for replace-one, and its mean shrinks with the root of the cohort', () => {
    const result = plan({ mechanism: 'gaussian', clippingNorm: 3, rounds: 10, cohort: 500 });
    const noiseMultiplier = gaussianNoiseMultiplier({ epsilon: 2, delta: 1e-6 });
    expect(result).toMatchObject({
      mechanism: 'gaussian',
      noiseMultiplier,
      cohort: 500,
      roundsPerClient: 1,
      delta: 1e-6,
      neighboringRelation: 'replace-one',
      privacyUnit: 'employee',
    });
    expect(result.noiseNorm).toBeCloseTo(noiseMultiplier * 6 * Math.sqrt(20 / 500), 10);
    expect(result.signalToNoise).toBeCloseTo(3 / result.noiseNorm, 10);
    expect(result.totalSignalToNoise).toBeCloseTo(result.signalToNoise * Math.sqrt(10), 10);
    expect(result.epsilonPerRound).toBeCloseTo(2, 9);
  });

  it('local PrivUnit is pure, has the error of the mechanism that devices run, and is the default', () => {
    const result = plan({ clippingNorm: 3, rounds: 4 });
    expect(result).toMatchObject({ mechanism: 'privunit', noiseMultiplier: null, delta: 0, epsilonPerRound: 2 });
    const { squaredError } = privUnit({ dimension: 20, epsilon: 2, clippingNorm: 3 });
    expect(result.noiseNorm).toBeCloseTo(Math.sqrt(squaredError / 2500), 10);
    expect(result.noiseNorm).toBeLessThan(plan({ clippingNorm: 3, rounds: 4, mechanism: 'gaussian' }).noiseNorm);
    // A pure guarantee over very many rounds splits epsilon; the Gaussian then has less noise.
    expect(plan({ rounds: 200, roundsPerClient: 200 }).mechanism).toBe('gaussian');
  });

  it('one epsilon covers all rounds of a client', () => {
    const result = plan({ rounds: 16, roundsPerClient: 4, mechanism: 'gaussian' });
    const noiseMultiplier = result.noiseMultiplier!;
    expect(gaussianEpsilon({ noiseMultiplier, steps: 4, delta: 1e-6 })).toBeCloseTo(2, 9);
    expect(result.epsilonPerRound).toBeCloseTo(gaussianEpsilon({ noiseMultiplier, delta: 1e-6 }), 9);
    expect(result.cohort).toBe(2500);
    expect(plan({ rounds: 16, roundsPerClient: 4, mechanism: 'privunit' }).epsilonPerRound).toBe(0.5);
  });

  it('distributed noise is that of one sum, whatever the cohort, and more by what dropouts may take', () => {
    const result = plan({ clippingNorm: 3 }, distributed);
    const noiseMultiplier = gaussianNoiseMultiplier({ epsilon: 2, delta: 1e-6 });
    expect(result).toMatchObject({ mechanism: 'gaussian', noiseMultiplier, cohort: 10_000, roundsPerClient: 1 });
    expect(result.noiseNorm).toBeCloseTo((noiseMultiplier * 6 * Math.sqrt(20)) / 10_000, 10);
    const half = plan({ clippingNorm: 3, minimumSurvivors: 5000 }, distributed);
    expect(half.noiseNorm / result.noiseNorm).toBeCloseTo(Math.SQRT2, 10);
    expect(half.noiseMultiplier).toBe(noiseMultiplier);
  });

  it('cohort and rounds per client follow from each other', () => {
    expect(plan({ rounds: 20 }, distributed)).toMatchObject({ cohort: 10_000, roundsPerClient: 20 });
    expect(plan({ rounds: 20, roundsPerClient: 1 }, distributed)).toMatchObject({ cohort: 500, roundsPerClient: 1 });
    expect(plan({ rounds: 20, cohort: 501 }, distributed)).toMatchObject({ cohort: 501, roundsPerClient: 2 });
    expect(plan({ rounds: 20 })).toMatchObject({ cohort: 500, roundsPerClient: 1 });
    expect(plan({ privacyUnit: 'site' }).privacyUnit).toBe('site');
  });

  it('more of anything that helps means less noise', () => {
    const options = fc.record({
      clients: fc.integer({ min: 100, max: 1_000_000 }),
      dimension: fc.integer({ min: 1, max: 10_000 }),
      epsilon: fc.double({ min: 0.1, max: 9, noNaN: true }),
      rounds: fc.integer({ min: 1, max: 50 }),
      mode: fc.constantFrom('local', 'distributed'),
    });
    fc.assert(
      fc.property(options, (drawn) => {
        const { totalSignalToNoise } = plan(drawn);
        expect(plan({ ...drawn, clients: drawn.clients * 2 }).totalSignalToNoise).toBeGreaterThan(totalSignalToNoise);
        expect(plan({ ...drawn, epsilon: drawn.epsilon * 2 }).totalSignalToNoise).toBeGreaterThan(totalSignalToNoise);
        expect(plan({ ...drawn, dimension: drawn.dimension * 2 }).totalSignalToNoise).toBeLessThan(totalSignalToNoise);
      }),
      { numRuns: 30 },
    );
  });

  it('refuses arguments out of range', () => {
    refused({ clients: 0 }, 'clients must be an integer >= 1, got 0');
    refused({ dimension: 1e7 }, 'dimension must be an integer in [1, 9999999], got 10000000');
    refused({ clippingNorm: Number.NaN }, 'clippingNorm must be finite and > 0, got NaN');
    refused({ epsilon: 21 }, 'epsilon must be in (0, 20], got 21');
    // Too little for PrivUnit, which is then no choice.
    refused({ epsilon: 1e-7, mechanism: 'privunit' }, 'epsilon must be in [1e-6, 20]');
    expect(plan({ epsilon: 1e-7 }).mechanism).toBe('gaussian');
    refused({ delta: 1 }, 'delta must be');
    refused({ rounds: 1.5 }, 'rounds must be an integer >= 1, got 1.5');
    refused({ mode: 'central' }, 'mode must be local or distributed, got central');
    refused({ mechanism: 'laplace' }, 'mechanism in local mode must be gaussian or privunit, got laplace');
    refused({ mechanism: 'privunit' }, 'mechanism in distributed mode must be gaussian, got privunit', distributed);
    refused({ minimumSurvivors: 10 }, 'minimumSurvivors must be left out in local mode');
    refused({ minimumSurvivors: 10_001 }, 'minimumSurvivors must be an integer in [1, 10000]', distributed);
    refused({ cohort: 10_001 }, 'cohort must be an integer in [1, 10000], got 10001');
    refused({ cohort: 600, rounds: 20, roundsPerClient: 1 }, 'cohort must be an integer in [1, 500], got 600');
    refused({ roundsPerClient: 2 }, 'roundsPerClient must be an integer in [1, 1], got 2');
    refused({ clients: 5, rounds: 6 }, 'rounds must be an integer in [1, 5], got 6');
  });
});
