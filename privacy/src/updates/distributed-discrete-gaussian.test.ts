import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { discreteGaussianVector } from '../sampling/discrete-gaussian.ts';
import { discreteGaussianEpsilon } from '../accounting/discrete-gaussian-accounting.ts';
import { gaussianNoiseMultiplier } from '../accounting/gaussian-accounting.ts';
import { seededRandom } from '../../testing/seeded-random.ts';
import {
  distributedDiscreteGaussian,
  type DistributedNoiseTarget,
  roundedNorm,
} from './distributed-discrete-gaussian.ts';

const target: DistributedNoiseTarget = {
  clippingNorm: 1,
  dimension: 1_000,
  epsilon: 4,
  delta: 1e-5,
  steps: 10,
  cohort: 50,
  minimumSurvivors: 34,
  neighboringRelation: 'replace-one',
};

const of = (changed: object) => () => distributedDiscreteGaussian({ ...target, ...changed });

const anyTarget = fc
  .record({
    clippingNorm: fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
    dimension: fc.integer({ min: 1, max: 1_000_000 }),
    epsilon: fc.double({ min: 0.1, max: 20, noNaN: true }),
    delta: fc.double({ min: 1e-9, max: 1e-2, noNaN: true }),
    steps: fc.integer({ min: 1, max: 200 }),
    minimumSurvivors: fc.integer({ min: 2, max: 100 }),
    dropouts: fc.integer({ min: 0, max: 100 }),
    neighboringRelation: fc.constantFrom('replace-one' as const, 'zero-out' as const),
  })
  .map(({ dropouts, ...rest }): DistributedNoiseTarget => ({ ...rest, cohort: rest.minimumSurvivors + dropouts }));

describe('the distributed discrete Gaussian', () => {
  it('keeps epsilon when all but the fewest survivors drop out, and not when one more does', () => {
    fc.assert(
      fc.property(anyTarget, (given) => {
        const { noiseStddev, roundedNorm: norm, guarantee } = distributedDiscreteGaussian(given);
        const spent = (survivors: number): number =>
          discreteGaussianEpsilon({
            noiseStddev: noiseStddev * Math.sqrt(survivors),
            sensitivity: norm * (given.neighboringRelation === 'replace-one' ? 2 : 1),
            steps: given.steps,
            delta: given.delta,
            dimension: given.dimension,
            summands: survivors,
          });
        expect(spent(given.minimumSurvivors)).toBe(guarantee.epsilon);
        expect(guarantee.epsilon).toBeLessThanOrEqual(given.epsilon);
        expect(guarantee.epsilon).toBeGreaterThan(given.epsilon * (1 - 1e-6));
        expect(spent(given.minimumSurvivors - 1)).toBeGreaterThan(given.epsilon);
        expect(spent(given.cohort)).toBeLessThanOrEqual(given.epsilon * (1 + 1e-9));
      }),
      { numRuns: 30 },
    );
  });

  it('takes hardly more noise than a Gaussian of all survivors together', () => {
    fc.assert(
      fc.property(anyTarget, (given) => {
        const { noiseStddev, scale } = distributedDiscreteGaussian(given);
        const { epsilon, delta, steps, clippingNorm, minimumSurvivors } = given;
        const sensitivity = clippingNorm * (given.neighboringRelation === 'replace-one' ? 2 : 1);
        const central = gaussianNoiseMultiplier({ epsilon, delta, steps }) * sensitivity;
        const ratio = (noiseStddev * Math.sqrt(minimumSurvivors)) / scale / central;
        expect(ratio).toBeGreaterThan(1);
        expect(ratio).toBeLessThan(1.03);
      }),
      { numRuns: 30 },
    );
  });

  it('counts what is lost where a client has but a grid step of noise', () => {
    const {
      noiseStddev,
      roundedNorm: norm,
      guarantee,
    } = distributedDiscreteGaussian({ ...target, scale: 1, dimension: 1 });
    const spent = (summands: number): number =>
      discreteGaussianEpsilon({
        noiseStddev: noiseStddev * Math.sqrt(34),
        sensitivity: 2 * norm,
        steps: 10,
        delta: 1e-5,
        summands,
      });
    expect(noiseStddev).toBeLessThan(2);
    expect(spent(34)).toBe(guarantee.epsilon);
    expect(spent(1)).toBeLessThan(guarantee.epsilon);
  });

  it('has half the noise where a client may only be replaced by nothing, and says so', () => {
    const replaced = distributedDiscreteGaussian({ ...target, scale: 512 });
    const zeroed = distributedDiscreteGaussian({ ...target, scale: 512, neighboringRelation: 'zero-out' });
    expect(zeroed.noiseStddev / replaced.noiseStddev).toBeCloseTo(0.5, 4);
    expect(replaced.guarantee).toMatchObject({
      neighboringRelation: 'replace-one',
      privacyUnit: 'employee',
      delta: 1e-5,
    });
    expect(zeroed.guarantee.neighboringRelation).toBe('zero-out');
  });

  it('has a modulus that the worst sums of a whole cohort hardly use up', () => {
    const { modulusBits, noiseStddev, scale } = distributedDiscreteGaussian(target);
    const random = seededRandom(7);
    let largest = 0;
    for (let round = 0; round < 20; round += 1) {
      const sum = new Float64Array(1_000).fill(target.cohort * Math.ceil(scale));
      for (let client = 0; client < target.cohort; client += 1) {
        discreteGaussianVector({ length: sum.length, noiseStddev }, random).forEach((y, i) => (sum[i]! += y));
      }
      largest = sum.reduce((most, value) => Math.max(most, value), largest);
    }
    expect(largest).toBeLessThan(2 ** (modulusBits - 1));
    expect(largest).toBeGreaterThan(2 ** (modulusBits - 3));
  });

  it('rounds at random within the norm in at least two of five tries', () => {
    const random = seededRandom(1);
    for (const [norm, dimension] of [
      [3, 100],
      [20, 10],
      [100, 1_000],
    ] as const) {
      const bound = roundedNorm(norm, dimension);
      const value = norm / Math.sqrt(dimension);
      let within = 0;
      for (let attempt = 0; attempt < 1_000; attempt += 1) {
        let squares = 0;
        for (let index = 0; index < dimension; index += 1) {
          squares += (Math.floor(value) + Number(random.nextUint32() / 2 ** 32 < value - Math.floor(value))) ** 2;
        }
        within += Number(Math.sqrt(squares) <= bound);
      }
      // 1 - e^(-1/2) = 0.393 is what is promised; 0.3 is six standard errors below.
      expect(within / 1_000).toBeGreaterThan(0.3);
    }
  });

  it('refuses parameters out of range', () => {
    expect(of({ minimumSurvivors: 0 })).toThrow('minimumSurvivors must be an integer in [1, 50], got 0');
    expect(of({ minimumSurvivors: 51 })).toThrow('minimumSurvivors must be an integer in [1, 50], got 51');
    expect(of({ cohort: 0 })).toThrow('cohort must be an integer');
    expect(of({ dimension: 0.5 })).toThrow('dimension must be an integer');
    expect(of({ clippingNorm: 0 })).toThrow('clippingNorm must be');
    expect(of({ epsilon: 0 })).toThrow('epsilon must be');
    expect(of({ delta: 1 })).toThrow('delta must be');
    expect(of({ steps: 0 })).toThrow('steps must be');
    expect(of({ scale: -1 })).toThrow('scale must be finite and > 0, got -1');
    expect(of({ scale: 1e14 })).toThrow('modulusBits must be in [1, 53], got');
    // Else these would halve the noise.
    for (const neighboringRelation of ['add-or-remove-one', 'replace_one', undefined]) {
      expect(of({ neighboringRelation })).toThrow(
        `neighboringRelation must be replace-one or zero-out, got ${neighboringRelation}`,
      );
    }
    // A modulus of 53 bits, but more noise than a client can draw.
    const loud = { scale: 1e12, cohort: 1, minimumSurvivors: 1, dimension: 1 };
    expect(of(loud)).toThrow('noiseStddev must be in');
    expect(of({ ...loud, scale: 1e10 })).not.toThrow();
  });
});
