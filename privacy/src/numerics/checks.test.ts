import { describe, expect, it } from 'vitest';
import { checkCounts, checkFinite, checkIn, checkInteger, checkLength, sumOfCounts } from './checks.ts';

describe('checkIn', () => {
  it.each([
    ['[0, 1]', [0, 0.5, 1], [-1e-300, 1 + 2 ** -52, Infinity]],
    ['(0, 20]', [5e-324, 20], [0, -0, 20.1]],
    ['[1e-6, 1)', [1e-6, 0.999], [9e-7, 1]],
    ['(0, 1)', [0.5], [0, 1]],
    ['(0, Infinity)', [1e-300, 1e300], [0, Infinity]],
    ['(0, Infinity]', [1, Infinity], [0]],
    ['[-1, 1]', [-1, 1], [-1.1, 1.1]],
  ] as const)('lets pass what is in %s and nothing else', (interval, inside, outside) => {
    for (const value of inside) expect(() => checkIn('x', value, interval)).not.toThrow();
    for (const value of [...outside, Number.NaN, -Infinity])
      expect(() => checkIn('x', value, interval)).toThrow(RangeError);
  });

  it('names the argument, the rule and the value', () => {
    expect(() => checkIn('epsilon', 21, '(0, 20]')).toThrow(/^epsilon must be in \(0, 20\], got 21$/);
    expect(() => checkIn('epsilon', -1, '(0, Infinity)')).toThrow(/^epsilon must be finite and > 0, got -1$/);
    expect(() => checkIn('rho', Infinity, '[0, Infinity)')).toThrow(/^rho must be finite and >= 0, got Infinity$/);
    expect(() => checkIn('stddev', Number.NaN, '(0, Infinity]')).toThrow(/^stddev must be > 0, got NaN$/);
    expect(() => checkIn('bits', 1, '[3, Infinity]')).toThrow(/^bits must be >= 3, got 1$/);
  });
});

describe('checkInteger', () => {
  it('lets pass integers below 2**53 in the interval and nothing else', () => {
    for (const value of [2, 3, 1024]) expect(() => checkInteger('k', value, '[2, 1024]')).not.toThrow();
    for (const value of [1, 2.5, 1025, Number.NaN, Infinity])
      expect(() => checkInteger('k', value, '[2, 1024]')).toThrow(`k must be an integer in [2, 1024], got ${value}`);
    expect(() => checkInteger('k', 2 ** 53 - 1, '[1, Infinity)')).not.toThrow();
    for (const value of [0, 1.5, 2 ** 53, Infinity, Number.NaN])
      expect(() => checkInteger('k', value, '[1, Infinity)')).toThrow(`k must be an integer >= 1, got ${value}`);
  });
});

describe('checkFinite', () => {
  it('names the number that is none, or missing', () => {
    expect(() => checkFinite('weights', Float64Array.of(-1, 0, 1e308))).not.toThrow();
    for (const value of [Number.NaN, Infinity, -Infinity])
      expect(() => checkFinite('weights', [0, value])).toThrow(`weights[1] must be finite, got ${value}`);
    expect(() => checkFinite('weights', Object.assign([0], { length: 2 }))).toThrow(
      'weights[1] must be finite, got undefined',
    );
  });
});

describe('counts', () => {
  it('must be as many as expected, from 0 to the most, rounding aside', () => {
    expect(() => checkLength('seed', [1, 2], 3)).toThrow(/^seed must hold 3 numbers, got 2$/);
    expect(() => checkCounts('counts', [1], 2)).toThrow('counts must hold 2 numbers, got 1');
    expect(() => checkCounts('counts', [0, 6 * (1 + 1e-10)], 2, 6)).not.toThrow();
    for (const count of [-1, 6.1, Number.NaN, Infinity])
      expect(() => checkCounts('counts', [0, count], 2, 6)).toThrow(`counts must be in [0, 6], got ${count}`);
  });

  it('have a finite sum > 0', () => {
    expect(sumOfCounts(Float64Array.of(1, 2.5), 2)).toBe(3.5);
    expect(() => sumOfCounts([0, 0], 2)).toThrow('sum of counts must be finite and > 0, got 0');
    expect(() => sumOfCounts([1, Infinity], 2)).toThrow('sum of counts must be finite and > 0, got Infinity');
    expect(() => sumOfCounts([1, -1], 2)).toThrow('counts must be >= 0, got -1');
    expect(() => sumOfCounts([1, Number.NaN], 2)).toThrow('counts must be >= 0, got NaN');
  });
});
