import { describe, expect, it } from 'vitest';
import { betaCdf, logBeta } from './beta-distribution.ts';

// By mpmath 1.3 with 40 digits.
describe('logBeta', () => {
  it.each([
    [0.5, 0.5, 1.1447298858494002],
    [3, 4, -4.0943445622221],
    [1000, 2000, -1911.8746142144516],
    [5e6, 0.5, -7.140109267274487],
    [0.5, 5e6, -7.140109267274487],
  ])('keeps its places, whatever the sizes: B(%s, %s)', (a, b, expected) => {
    expect(Math.abs(logBeta(a, b) / expected - 1)).toBeLessThan(1e-14);
  });
});

describe('betaCdf', () => {
  it('uses the places of a given complement', () => {
    // Pr[Beta(5e6, 1/2) < 1 - 1e-7], where 1 - x alone would be wrong in the tenth place.
    expect(Math.abs(betaCdf(1 - 1e-7, 5e6, 0.5, 1e-7) / 0.3173105078629135 - 1)).toBeLessThan(1e-12);
    expect(Math.abs(betaCdf(1 - 1e-7, 5e6, 0.5) / 0.3173105078629135 - 1)).toBeGreaterThan(1e-11);
    expect(betaCdf(0.2, 3, 4)).toBeCloseTo(0.09888, 14);
  });
});
