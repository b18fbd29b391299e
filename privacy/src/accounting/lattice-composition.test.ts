import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gaussianEpsilon } from './gaussian-accounting.ts';
import { composedEpsilon, type LossLattice } from './lattice-composition.ts';
import { epsilonOfLosses } from './loss-distribution.ts';

/** The exact epsilon, by convolving step after step. */
function convolvedEpsilon([probabilities, firstLoss, spacing]: LossLattice, steps: number, delta: number): number {
  let sum = Float64Array.of(1);
  for (let step = 0; step < steps; step += 1) {
    const next = new Float64Array(sum.length + probabilities.length - 1);
    for (const [i, left] of sum.entries()) {
      for (const [j, right] of probabilities.entries()) next[i + j]! += left * right;
    }
    sum = next;
  }
  return epsilonOfLosses(sum, (index) => steps * firstLoss + index * spacing, delta);
}

/** Any finite lattice with E[e^-loss] = 1, as a pair of distributions has. */
const anyLattice = fc
  .record({
    weights: fc.array(fc.double({ min: 1e-6, max: 1, noNaN: true }), { minLength: 2, maxLength: 9 }),
    spacing: fc.double({ min: 0.01, max: 3, noNaN: true }),
  })
  .map(({ weights, spacing }): LossLattice => {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const probabilities = Float64Array.from(weights, (weight) => weight / total);
    const mean = probabilities.reduce((sum, mass, index) => sum + mass * Math.exp(-index * spacing), 0);
    return [probabilities, Math.log(mean), spacing];
  });
const anyDelta = fc.double({ min: -30, max: -1, noNaN: true }).map(Math.exp);
const response = (epsilon: number): LossLattice => [
  Float64Array.of(1 / (1 + Math.exp(epsilon)), 1 / (1 + Math.exp(-epsilon))),
  -epsilon,
  2 * epsilon,
];

describe('the composition of a loss on a lattice', () => {
  it('is what convolving gives, from above, whatever the delta', () => {
    fc.assert(
      fc.property(anyLattice, fc.integer({ min: 1, max: 40 }), anyDelta, (lattice, steps, delta) => {
        const exact = convolvedEpsilon(lattice, steps, delta);
        const found = composedEpsilon(lattice, steps, delta);
        expect(found).toBeGreaterThanOrEqual(exact * (1 - 1e-12));
        expect(found).toBeLessThanOrEqual(exact * (1 + 1e-9) + 1e-9);
      }),
      { numRuns: 200 },
    );
  });

  it('takes hundreds of steps and losses far beyond the range of e^x', () => {
    for (const [epsilon, steps, delta] of [
      [0.05, 1_500, 1e-14],
      [2, 600, 1e-6],
      [5, 400, 0.3],
    ] as const) {
      const exact = convolvedEpsilon(response(epsilon), steps, delta);
      const found = composedEpsilon(response(epsilon), steps, delta);
      expect(found / exact).toBeGreaterThanOrEqual(1 - 1e-12);
      expect(found / exact).toBeLessThanOrEqual(1 + 1e-9);
    }
  });

  it('is that of a Gaussian for millions of tiny losses', () => {
    // Each has a variance of epsilon^2 about a mean of epsilon^2 / 2: a shift of 2 in all.
    const steps = 4_000_000;
    const found = composedEpsilon(response(0.001), steps, 1e-6);
    expect(found / gaussianEpsilon({ noiseMultiplier: 0.5, delta: 1e-6 })).toBeCloseTo(1, 4);
  });

  it('spends the probability of infinite losses on delta', () => {
    const [probabilities, firstLoss, spacing] = response(0.5);
    const lattice = [probabilities, firstLoss, spacing, 1e-6] as const;
    expect(composedEpsilon(lattice, 10, 2e-5)).toBeCloseTo(composedEpsilon(response(0.5), 10, 1e-5), 12);
    expect(composedEpsilon(lattice, 10, 0.9e-5)).toBe(Infinity);
  });

  it('needs no more than losses that are that small', () => {
    expect(composedEpsilon(response(1e-6), 10, 1e-3)).toBe(0);
  });
});

describe('the smallest epsilon of a loss distribution', () => {
  it('solves delta between two losses, also where e^loss overflows', () => {
    // delta(epsilon) = 1 - e^(epsilon - loss)
    for (const loss of [1, 2_000]) {
      const found = epsilonOfLosses(Float64Array.of(1), () => loss, 0.4);
      expect(found).toBeCloseTo(loss + Math.log(0.6), 9);
    }
    const far = epsilonOfLosses(Float64Array.of(0.5, 0.5), (index) => 1_000 + index, 0.75);
    // 0.5 (1 - e^(epsilon - 1001)) + 0.5 (1 - e^(epsilon - 1000)) = 0.75
    expect(far).toBeCloseTo(1_000 + Math.log(0.5 / (1 + Math.exp(-1))), 9);
  });

  it('is 0 where delta is large enough', () => {
    expect(epsilonOfLosses(Float64Array.of(0.5, 0.5), (index) => index - 0.5, 0.5)).toBe(0);
  });
});
