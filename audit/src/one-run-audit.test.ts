import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '@chorale/privacy/testing';
import { discreteGaussian, gaussianEpsilon } from '@chorale/privacy';
import vectors from '../../privacy/vectors/audit.json' with { type: 'json' };
import { z } from '../../privacy/testing/chi-square.ts';
import { oneRunEpsilonLowerBound, oneRunGaussianEpsilonLowerBound } from './one-run-audit.ts';

const rows = vectors.rows.audit_one_run.map(({ m, guesses, correct, delta, significance, ...bounds }) => ({
  counts: { canaries: m, guesses, correct, delta, confidence: 1 - significance },
  ...bounds,
}));

describe('one run with canaries', () => {
  it.each(rows)(
    '$counts.correct of $counts.guesses right: any mechanism',
    ({ counts, eps_lower_one_run: expected }) => {
      expect(Math.abs(oneRunEpsilonLowerBound(counts) - expected)).toBeLessThan(1e-6);
    },
  );

  it.each(
    rows.flatMap((row) =>
      row.eps_lower_one_run_fdp === null ? [] : [{ ...row, expected: row.eps_lower_one_run_fdp }],
    ),
  )('$counts.correct of $counts.guesses right: Gaussian noise', ({ counts, expected }) => {
    expect(Math.abs(oneRunGaussianEpsilonLowerBound(counts) - expected)).toBeLessThan(1e-6);
  });

  it('shows more with more right guesses, less with a larger delta, and nothing at a coin toss', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 10, max: 300 }),
        fc.nat(),
        fc.constantFrom(0, 1e-6, 1e-3),
        (guesses, pick, delta) => {
          const correct = pick % guesses;
          const bound = (change: object) =>
            oneRunEpsilonLowerBound({ canaries: 300, guesses, correct, delta, confidence: 0.95, ...change });
          return (
            bound({ correct: correct + 1 }) >= bound({}) &&
            bound({ delta: delta + 1e-3 }) <= bound({}) &&
            bound({ correct: Math.floor(guesses / 2) }) === 0
          );
        },
      ),
      { numRuns: 40 },
    );
  });

  it('is wrong no more often than it says, at the tightest: randomized response of every coin', () => {
    const random = seededRandom(1);
    const [epsilon, canaries, runs, confidence] = [1, 200, 1_000, 0.9];
    const q = Math.exp(epsilon) / (1 + Math.exp(epsilon));
    let wrong = 0;
    let largest = 0;
    for (let run = 0; run < runs; run += 1) {
      let correct = 0;
      for (let canary = 0; canary < canaries; canary += 1) correct += Number(random.nextUint32() < q * 2 ** 32);
      const bound = oneRunEpsilonLowerBound({ canaries, guesses: canaries, correct, delta: 0, confidence });
      wrong += Number(bound > epsilon);
      largest = Math.max(largest, bound);
    }
    const allowed = runs * (1 - confidence);
    expect(wrong).toBeLessThan(allowed + z * Math.sqrt(allowed * confidence));
    // Power: it comes close, so that a bound larger by a tenth would be wrong far more often.
    expect(wrong).toBeGreaterThan(allowed / 4);
    expect(largest).toBeGreaterThan(1.1);
  });

  it('holds white-box canaries to the Gaussian that they are noised with', () => {
    // One canary a coordinate: its coin adds 100 or not, under noise of as much. The loss is that of a shift of 1.
    const random = seededRandom(2);
    const [canaries, guesses, delta, confidence] = [2_000, 200, 1e-5, 0.95];
    const scores = Array.from({ length: canaries }, () => {
      const isIn = random.nextUint32() >= 2 ** 31;
      const score = Number(isIn) * 100 + discreteGaussian({ noiseStddev: 100 }, random) - 50;
      return { isIn, score };
    });
    const surest = scores.sort((a, b) => Math.abs(b.score) - Math.abs(a.score)).slice(0, guesses);
    const correct = surest.filter(({ isIn, score }) => score > 0 === isIn).length;
    const counts = { canaries, guesses, correct, delta, confidence };
    const epsilon = gaussianEpsilon({ noiseMultiplier: 1, steps: 1, delta });
    expect(oneRunGaussianEpsilonLowerBound(counts)).toBeLessThan(epsilon);
    expect(oneRunGaussianEpsilonLowerBound(counts)).toBeGreaterThan(0.5 * epsilon);
    expect(oneRunEpsilonLowerBound(counts)).toBeLessThan(oneRunGaussianEpsilonLowerBound(counts));
    // Half of the noise is found out.
    const claimed = gaussianEpsilon({ noiseMultiplier: 2, steps: 1, delta });
    expect(oneRunGaussianEpsilonLowerBound(counts)).toBeGreaterThan(claimed);
  });

  it('goes to its ends', () => {
    const counts = { canaries: 100, guesses: 100, delta: 1e-6, confidence: 0.95 };
    expect(oneRunGaussianEpsilonLowerBound({ ...counts, correct: 0 })).toBe(0);
    expect(oneRunEpsilonLowerBound({ ...counts, correct: 0 })).toBe(0);
    // All right: q^100 = 0.05.
    const all = oneRunEpsilonLowerBound({ ...counts, delta: 0, correct: 100 });
    expect(all).toBeCloseTo(-Math.log(0.05 ** -0.01 - 1), 9);
    expect(oneRunGaussianEpsilonLowerBound({ ...counts, correct: 100 })).toBeGreaterThan(2);
  });

  it('refuses counts that cannot be', () => {
    const counts = { canaries: 10, guesses: 5, correct: 4, delta: 0, confidence: 0.95 };
    const bound = (change: object) => () => oneRunEpsilonLowerBound({ ...counts, ...change });
    expect(bound({ canaries: 0 })).toThrow('canaries must be an integer >= 1, got 0');
    expect(bound({ guesses: 11 })).toThrow('guesses must be an integer in [1, 10], got 11');
    expect(bound({ correct: 6 })).toThrow('correct must be an integer in [0, 5], got 6');
    expect(bound({ delta: 1 })).toThrow('delta must be in [0, 1), got 1');
    expect(bound({ confidence: 0 })).toThrow('confidence must be in (0, 1), got 0');
    expect(() => oneRunGaussianEpsilonLowerBound(counts)).toThrow('delta must be > 0, got 0');
  });
});
