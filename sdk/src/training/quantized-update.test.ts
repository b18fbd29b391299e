import { seededRandom } from '@chorale/privacy/testing';
import { GRID_STEPS } from '@chorale/protocol';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { addNoise, quantizeUpdate, roundToFormat } from './quantized-update.ts';

function exactSquares(values: Int32Array): bigint {
  return values.reduce((sum, value) => sum + BigInt(value) * BigInt(value), 0n);
}

test('whatever the update, its integers have at most the norm of the grid, exactly', () => {
  const vector = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 50 });
  const norm = fc.double({ min: 1e-6, max: 1e6, noNaN: true });
  fc.assert(
    fc.property(vector, norm, (delta, clippingNorm) => {
      const steps = quantizeUpdate(Float64Array.from(delta), clippingNorm);
      expect(exactSquares(steps)).toBeLessThanOrEqual(BigInt(GRID_STEPS) ** 2n);
    }),
    { numRuns: 500 },
  );
});

test('an update on the bound loses no more than rounding', () => {
  // Squares that add up to the bound without a remainder: 3-4-5 and 5-12-13.
  expect([...quantizeUpdate(Float64Array.from([3, 4]), 5)]).toEqual([
    Math.trunc(0.6 * GRID_STEPS),
    Math.trunc(0.8 * GRID_STEPS),
  ]);
  expect([...quantizeUpdate(Float64Array.from([-26]), 13)]).toEqual([-GRID_STEPS]);
});

test('a short update keeps its length, a long one its direction', () => {
  expect([...quantizeUpdate(Float64Array.from([0.5, -0.25]), 1)]).toEqual([GRID_STEPS / 2, -GRID_STEPS / 4]);
  const [x, y] = quantizeUpdate(Float64Array.from([300, -400]), 1);
  expect(x).toBeCloseTo(0.6 * GRID_STEPS, -1);
  expect(y).toBeCloseTo(-0.8 * GRID_STEPS, -1);
  expect([...quantizeUpdate(Float64Array.from([0, 0]), 1)]).toEqual([0, 0]);
});

test.each([NaN, Infinity, -Infinity])('%s in an update is refused', (value) => {
  expect(() => quantizeUpdate(Float64Array.from([1, value]), 1)).toThrow(
    expect.objectContaining({ code: 'TRAINING_DATA_INVALID' }),
  );
});

test('noise has the stddev asked for and stays within 32 bits', () => {
  const rows = 20_000;
  const noised = addNoise(new Int32Array(rows).fill(7), 50, seededRandom(1));
  const squares = noised.reduce((sum, value) => sum + (value - 7) ** 2, 0);
  // The variance of a sample of n has standard error sqrt(2/n), relative; z = 6.11.
  expect(Math.abs(squares / rows / 2500 - 1)).toBeLessThan(6.11 * Math.sqrt(2 / rows));
  const cut = addNoise(new Int32Array(1000), 2 ** 33, seededRandom(2));
  expect(cut).toContain(2 ** 31 - 1);
  expect(cut).toContain(-(2 ** 31));
  expect([...addNoise(Int32Array.from([1, 2]), 0)]).toEqual([1, 2]);
});

test('rounding takes one of the two multiples around a value, on average the value itself', () => {
  const format = { bits: 8, unit: 512 } as const;
  const rows = 50_000;
  for (const value of [0, 512, -512, 1, -1, 511, 1000, -1000, -20_000]) {
    const rounded = roundToFormat(new Int32Array(rows).fill(value), format, seededRandom(value + 3));
    const below = Math.floor(value / 512) * 512;
    expect(new Set(rounded)).toEqual(new Set(value === below ? [value] : [below, below + 512]));
    // A sum of values within a range of 512 (Hoeffding 1963): missed once in 1e9.
    const mean = rounded.reduce((sum, x) => sum + x, 0) / rows;
    expect(Math.abs(mean - value)).toBeLessThanOrEqual(512 * Math.sqrt(Math.log(2e9) / (2 * rows)));
  }
});

test('what a format cannot write is limited to what it can, and 32 bits are left as they are', () => {
  const values = Int32Array.of(2 ** 31 - 1, -(2 ** 31), 127 * 512, -127 * 512);
  const rounded = roundToFormat(values, { bits: 8, unit: 512 }, seededRandom(1));
  expect([...rounded]).toEqual([127 * 512, -127 * 512, 127 * 512, -127 * 512]);
  expect(roundToFormat(values, { bits: 32, unit: 1 })).toEqual(values);
});
