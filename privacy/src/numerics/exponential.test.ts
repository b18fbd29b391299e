import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import functions from '../../vectors/functions.json' with { type: 'json' };
import { expFixedPoint, expOfNegativeFraction, fractionOfDouble } from './exponential.ts';

describe('expFixedPoint', () => {
  it.each(functions.exp)('brackets exp($x) as 80 digits have it', ({ x, bits, floor }) => {
    const [lower, upper] = expFixedPoint(x, bits);
    expect(lower <= BigInt(floor)).toBe(true);
    // exp(x) is irrational but for x = 0.
    expect(upper >= BigInt(floor) + (x === 0 ? 0n : 1n)).toBe(true);
    expect(upper - lower <= 2n).toBe(true);
  });

  it('multiplies: exp(x) exp(y) and exp(x + y) have overlapping bounds where x + y is exact', () => {
    const dyadic = fc.integer({ min: 0, max: 20 * 2 ** 20 }).map((n) => n / 2 ** 20);
    fc.assert(
      fc.property(dyadic, dyadic, fc.integer({ min: 0, max: 300 }), (x, y, bits) => {
        const [a, b, product] = [expFixedPoint(x, bits), expFixedPoint(y, bits), expFixedPoint(x + y, bits)];
        const scale = BigInt(bits);
        return a[0] * b[0] <= product[1] << scale && product[0] << scale <= a[1] * b[1];
      }),
    );
  });

  it('is at most two units wide and rises with x', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 40, noNaN: true }), fc.integer({ min: 0, max: 400 }), (x, bits) => {
        const [lower, upper] = expFixedPoint(x, bits);
        return upper - lower <= 2n && lower <= expFixedPoint(Math.min(40, x * 1.001), bits)[1];
      }),
    );
  });
});

describe('expOfNegativeFraction', () => {
  it('brackets the reciprocal, and says nothing beyond its bits', () => {
    const [lower, upper] = expOfNegativeFraction([1n, 1n], 53);
    expect([Number(lower) / 2 ** 53 <= Math.exp(-1), Number(upper) / 2 ** 53 >= Math.exp(-1)]).toEqual([true, true]);
    expect(upper - lower <= 2n).toBe(true);
    expect(expOfNegativeFraction([54n, 1n], 53)).toEqual([0n, 1n]);
  });
});

it('a double is the fraction that it is', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e15, noNaN: true }), (x) => {
      const [numerator, denominator] = fractionOfDouble(x);
      // Split so that neither conversion overflows: subnormals have a denominator of 2**1074.
      const half = BigInt(Math.floor((denominator.toString(2).length - 1) / 2));
      return Number(numerator) / Number(1n << half) / Number(denominator >> half) === x;
    }),
  );
});
