import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clip, clipToGrid } from './clipping.ts';

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const vectors = fc.array(finite, { minLength: 1, maxLength: 50 });
const norms = fc.double({ min: 1e-6, max: 1e6, noNaN: true });

/** The exact norm of doubles is out of reach; this one neither overflows nor underflows. */
function norm(vector: ArrayLike<number>): number {
  return Math.hypot(...Array.from(vector));
}

/** The sum of the squares of integers. */
function exactSquares(values: Iterable<number>): bigint {
  return [...values].reduce((sum, value) => sum + BigInt(value) ** 2n, 0n);
}

describe('clip', () => {
  it('leaves no vector longer than the bound, and a shorter one as it is', () => {
    fc.assert(
      fc.property(vectors, norms, (vector, clippingNorm) => {
        const clipped = clip(vector, clippingNorm);
        expect(norm(clipped)).toBeLessThanOrEqual(clippingNorm * (1 + 1e-14));
        if (norm(vector) <= clippingNorm * (1 - 1e-14)) expect([...clipped]).toEqual(vector);
      }),
      { numRuns: 200 },
    );
  });

  it('keeps the direction and reaches the bound, also where squares overflow', () => {
    expect([...clip([30, -40], 5)]).toEqual([expect.closeTo(3, 14), expect.closeTo(-4, 14)]);
    for (const size of [1e-300, 1e300, Number.MAX_VALUE]) {
      const clipped = clip([size, size, size, size], size / 4);
      for (const value of clipped) expect(value / size).toBeCloseTo(0.125, 14);
    }
    expect([...clip([0, 0], 1)]).toEqual([0, 0]);
    expect([...clip([], 1)]).toEqual([]);
  });
});

describe('clipToGrid', () => {
  it('has at most the norm of the grid, exactly', () => {
    fc.assert(
      fc.property(vectors, norms, fc.integer({ min: 1, max: 2 ** 24 }), (vector, clippingNorm, gridSteps) => {
        const clipped = clipToGrid(vector, { clippingNorm, gridSteps });
        expect(exactSquares(clipped)).toBeLessThanOrEqual(BigInt(gridSteps) ** 2n);
      }),
      { numRuns: 300 },
    );
  });

  it('has so where the norm itself is rounded the wrong way', () => {
    // Integers whose squares sum to 2^48 + 1. The norm comes out below 2^24, because each of the many small squares is
    // rounded down as it is added: scaled by it, all of them would stay as they are.
    const gridSteps = 2 ** 24;
    const vector = [14_200_066, 8_934_937, 1764, ...Array.from({ length: 636 }, () => 1)];
    expect(exactSquares(vector)).toBe(2n ** 48n + 1n);
    expect(exactSquares(clipToGrid(vector, { clippingNorm: gridSteps, gridSteps }))).toBeLessThanOrEqual(2n ** 48n);
  });

  it('moves no coordinate by a step or more from the clipped one, and never away from zero', () => {
    fc.assert(
      fc.property(vectors, norms, (vector, clippingNorm) => {
        const gridSteps = 1000;
        const clipped = clip(vector, clippingNorm);
        clipToGrid(vector, { clippingNorm, gridSteps }).forEach((steps, index) => {
          const exact = (clipped[index]! / clippingNorm) * gridSteps;
          expect(Math.abs(exact - steps)).toBeLessThan(1 + 1e-9);
          expect(Math.abs(steps)).toBeLessThanOrEqual(Math.abs(exact) + 1e-9);
        });
      }),
      { numRuns: 200 },
    );
  });

  it('truncates only where there is a remainder', () => {
    const gridSteps = 2 ** 16;
    expect([...clipToGrid([0.5, -0.25], { clippingNorm: 1, gridSteps })]).toEqual([32_768, -16_384]);
    expect([...clipToGrid([-26], { clippingNorm: 13, gridSteps })]).toEqual([-gridSteps]);
    expect([...clipToGrid([3, 4], { clippingNorm: 5, gridSteps: 5 })]).toEqual([3, 4]);
    expect([...clipToGrid([5e-324, 0], { clippingNorm: 1, gridSteps })]).toEqual([0, 0]);
  });
});

describe('both', () => {
  it('refuse numbers that are not finite, and parameters out of range', () => {
    for (const value of [Number.NaN, Infinity, -Infinity]) {
      const message = `vector[1] must be finite, got ${value}`;
      expect(() => clip([1, value], 1)).toThrow(message);
      expect(() => clipToGrid([1, value], { clippingNorm: 1, gridSteps: 1 })).toThrow(message);
    }
    for (const clippingNorm of [0, -1, Number.NaN, Infinity]) {
      expect(() => clip([1], clippingNorm)).toThrow(`clippingNorm must be finite and > 0, got ${clippingNorm}`);
      expect(() => clipToGrid([1], { clippingNorm, gridSteps: 1 })).toThrow('clippingNorm must be');
    }
    for (const gridSteps of [0, 1.5, 2 ** 24 + 1]) {
      expect(() => clipToGrid([1], { clippingNorm: 1, gridSteps })).toThrow(
        'gridSteps must be an integer in [1, 16777216]',
      );
    }
  });
});
