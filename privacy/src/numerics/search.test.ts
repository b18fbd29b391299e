import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fallingRoot, halve, risingRoot } from './search.ts';

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

it('a rising root is found from any start in the bracket, where Newton alone would leave it', () => {
  fc.assert(
    fc.property(point, fc.double({ min: 0, max: 100, noNaN: true }), (root, start) => {
      const f = (x: number) => ({ value: Math.atan(x - root), slope: 1 / (1 + (x - root) ** 2) });
      const found = risingRoot(f, { lower: 0, upper: 100, start }, (x, next) => Math.abs(next - x) <= 1e-13 * x);
      expect(found / root).toBeCloseTo(1, 9);
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
      const ends = { low: 0, lowValue: f(0), high: 100, highValue: f(100) };
      const found = fallingRoot(f, ends, { aim, isNear: (low, high) => high - low < 1e-15 });
      expect(f(found)).toBeLessThanOrEqual(0);
      expect(f(found)).toBeGreaterThanOrEqual(-2 * aim);
      expect(values).toBeLessThan(40);
    }),
    { numRuns: 50 },
  );
});

const cliff = (x: number) => (x > 1 ? -Infinity : 1 - x);

it('an end with an infinite value is halved away from, and near ends are enough', () => {
  const ends = { low: 0, lowValue: 1, high: 64, highValue: -Infinity };
  const found = fallingRoot(cliff, ends, { aim: 1e-9, isNear: (low, high) => high - low < 1e-3 });
  expect(cliff(found)).toBeLessThanOrEqual(0);
  expect(found).toBeLessThan(1 + 1e-3);
});
