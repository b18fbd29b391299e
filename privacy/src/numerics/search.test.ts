import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fallingRoot, halve } from './search.ts';

const point = fc.double({ min: 1e-3, max: 50, noNaN: true });

it('halving ends next to the edge, where the condition fails', () => {
  fc.assert(
    fc.property(point, (edge) => {
      for (const ends of [
        [0, 100],
        [100, 0],
      ] as const) {
        const condition = (x: number) => (ends[0] === 0 ? x <= edge : x >= edge);
        const found = halve(condition, ends);
        expect(condition(found)).toBe(false);
        expect(Math.abs(found - edge)).toBeLessThan(2e-14);
      }
    }),
    { numRuns: 50 },
  );
});

it('a falling root is on the safe side, by twice the aim at most, and takes few values', () => {
  fc.assert(
    fc.property(point, (root) => {
      let values = 0;
      const f = (x: number) => {
        values += 1;
        return root ** 2 - x ** 2;
      };
      const aim = 1e-6;
      const found = fallingRoot(f, [0, 100], aim, (low, high) => high - low < 1e-15);
      expect(f(found)).toBeLessThanOrEqual(0);
      expect(f(found)).toBeGreaterThanOrEqual(-2 * aim);
      expect(values).toBeLessThan(40);
    }),
    { numRuns: 50 },
  );
});

const cliff = (x: number) => (x > 1 ? -Infinity : 1 - x);

it('an end with an infinite value is halved away from, and near ends are enough', () => {
  const found = fallingRoot(cliff, [0, 64], 1e-9, (low, high) => high - low < 1e-3);
  expect(cliff(found)).toBeLessThanOrEqual(0);
  expect(found).toBeLessThan(1 + 1e-3);
});
