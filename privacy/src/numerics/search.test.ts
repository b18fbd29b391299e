import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fallingRoot, halve } from './search.ts';

const point = fc.double({ min: 1e-3, max: 50, noNaN: true });

it('halving ends at neighbours, the condition true at one and false at the other', () => {
  fc.assert(
    fc.property(point, (edge) => {
      for (const ends of [
        { holds: 0, fails: 100 },
        { holds: 100, fails: 0 },
      ]) {
        const condition = (x: number) => (ends.holds === 0 ? x <= edge : x >= edge);
        const { holds, fails } = halve(condition, ends);
        expect([condition(holds), condition(fails)]).toEqual([true, false]);
        expect(Math.abs(holds - fails)).toBeLessThan(2e-14);
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
      const found = fallingRoot(f, { low: 0, high: 100 }, { aim, isNear: (low, high) => high - low < 1e-15 });
      expect(f(found)).toBeLessThanOrEqual(0);
      expect(f(found)).toBeGreaterThanOrEqual(-2 * aim);
      expect(values).toBeLessThan(40);
    }),
    { numRuns: 50 },
  );
});

const cliff = (x: number) => (x > 1 ? -Infinity : 1 - x);

it('an end with an infinite value is halved away from, and near ends are enough', () => {
  const found = fallingRoot(cliff, { low: 0, high: 64 }, { aim: 1e-9, isNear: (low, high) => high - low < 1e-3 });
  expect(cliff(found)).toBeLessThanOrEqual(0);
  expect(found).toBeLessThan(1 + 1e-3);
});
