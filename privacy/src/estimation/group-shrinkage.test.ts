import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from '../../testing/chi-square.ts';
import { seededRandom } from '../../testing/seeded-random.ts';
import { normalQuantile } from '../numerics/normal-distribution.ts';
import { shrinkGroups, type GroupEstimate } from './group-shrinkage.ts';

const confidence = 0.95;

/** A standard normal number from the seeded stream. */
function normal(random: ReturnType<typeof seededRandom>): number {
  return normalQuantile((random.nextUint32() + 0.5) / 2 ** 32);
}

/** What must not be done: the likeliest variance between groups (DerSimonian and Laird) taken for the true one. */
function plugIn(groups: readonly GroupEstimate[]) {
  const variances = groups.map(({ standardError }) => standardError ** 2);
  const pool = (between: number) => {
    const weights = variances.map((variance) => 1 / (variance + between));
    const precision = weights.reduce((sum, weight) => sum + weight, 0);
    const mean = groups.reduce((sum, { estimate }, index) => sum + (weights[index]! / precision) * estimate, 0);
    return { weights, precision, mean };
  };
  const { weights, precision, mean } = pool(0);
  const spread = groups.reduce((sum, { estimate }, index) => sum + weights[index]! * (estimate - mean) ** 2, 0);
  const squares = weights.reduce((sum, weight) => sum + weight ** 2, 0);
  const between = Math.max(0, (spread - groups.length + 1) / (precision - squares / precision));
  const centre = pool(between).mean;
  return groups.map(({ estimate }, index) => {
    const weight = between / (variances[index]! + between);
    const radius = 1.96 * Math.sqrt(weight * variances[index]!);
    const value = weight * estimate + (1 - weight) * centre;
    return { estimate: value, lower: value - radius, upper: value + radius };
  });
}

describe('shrinkGroups', () => {
  it('has the estimates, intervals and weights of the same integrals taken elsewhere', () => {
    // scipy's adaptive quadrature over ln A and root finding, for five groups and one without an estimate.
    const groups = [
      { estimate: 1, standardError: 0.5 },
      { estimate: 2, standardError: 0.4 },
      { estimate: 0.5, standardError: 1 },
      { estimate: 3, standardError: 0.3 },
      { estimate: 1.5, standardError: 2 },
      { estimate: Number.NaN, standardError: Infinity },
    ];
    const expected = [
      [1.084721066743689, 0.11658334545730328, 2.0393359639447297, 0.8921813113157335],
      [1.984366706125718, 1.2222793395468494, 2.747419285519886, 0.9244459786563399],
      [0.8457255278418381, -1.036751313875683, 2.5663170564526196, 0.7255101786826775],
      [2.9444482447568148, 2.353324616691492, 3.5356922561566315, 0.953658451958481],
      [1.6213600672877606, -1.3912053003865223, 4.507495793560084, 0.4811601720410266],
      [1.6961243225511644, -6.043513909142639, 9.274, 0],
    ];
    const result = shrinkGroups({ groups, confidence });
    for (const [index, group] of result.groups.entries()) {
      const mine = [group.estimate, group.lower, group.upper, group.weight];
      for (const [column, value] of mine.entries()) {
        expect(Math.abs(value - expected[index]![column]!)).toBeLessThan(index === 5 ? 2e-3 : 3e-5);
      }
    }
    expect(result.mean).toBeCloseTo(1.6961243225511644, 5);
    expect(result.pValue).toBeCloseTo(0.0028974934192979585, 12);
    expect(result.distinguishable).toBe(true);
    expect(result.betweenStddev).toBeGreaterThan(0.8);
    expect(result.betweenStddev).toBeLessThan(3);
  });

  it.each([
    [2, 0.5, 0.47950012218695337],
    [2, 13, 0.0003114909767673841],
    [3, 2, 0.36787944117144245],
    [4, 19, 0.0002733988874908009],
    [5, 4, 0.40600584970983794],
    [10, 9, 0.43727418891386693],
    [31, 100, 1.8568023365102314e-9],
  ])('%i groups that differ by a chi-square of %d have the p-value of the tables', (size, statistic, expected) => {
    // Two groups away from the mean, all others on it.
    const distance = Math.sqrt(statistic / 2);
    const groups = Array.from({ length: size }, (_, index) => ({
      estimate: index === 0 ? distance : index === 1 ? -distance : 0,
      standardError: 1,
    }));
    const { pValue, distinguishable } = shrinkGroups({ groups, confidence });
    expect(Math.abs(pValue / expected - 1)).toBeLessThan(1e-10);
    expect(distinguishable).toBe(expected < 0.05);
  });

  it.each([
    { size: 4, between: 0 },
    { size: 6, between: 0.3 },
    { size: 12, between: 1 },
    { size: 6, between: 5 },
  ])('covers the true values of $size groups on average over them, at spread $between', ({ size, between }) => {
    const random = seededRandom(51);
    const errors = Array.from({ length: size }, (_, index) => 0.5 * 4 ** (index / (size - 1)));
    const repeats = 200;
    const covered: Record<'shrunken' | 'plugIn', number[]> = { shrunken: [], plugIn: [] };
    let [shrunkenError, ownError, widths] = [0, 0, 0];
    for (let repeat = 0; repeat < repeats; repeat += 1) {
      const truth = errors.map(() => 3 + between * normal(random));
      const groups = errors.map((standardError, index) => ({
        estimate: truth[index]! + standardError * normal(random),
        standardError,
      }));
      const result = shrinkGroups({ groups, confidence }).groups;
      const part = (intervals: readonly { lower: number; upper: number }[]) =>
        intervals.filter(({ lower, upper }, index) => lower <= truth[index]! && truth[index]! <= upper).length / size;
      covered.shrunken.push(part(result));
      covered.plugIn.push(part(plugIn(groups)));
      for (const [index, { estimate, lower, upper }] of result.entries()) {
        shrunkenError += ((estimate - truth[index]!) / errors[index]!) ** 2;
        ownError += ((groups[index]!.estimate - truth[index]!) / errors[index]!) ** 2;
        widths += (upper - lower) / (2 * 1.96 * errors[index]!) / (size * repeats);
      }
    }
    const highest = (parts: readonly number[]) => {
      const mean = parts.reduce((sum, value) => sum + value / repeats, 0);
      return mean + (z * Math.sqrt(parts.reduce((sum, value) => sum + (value - mean) ** 2, 0))) / repeats;
    };
    expect(highest(covered.shrunken)).toBeGreaterThan(confidence);
    // Narrower than the groups' own intervals, and closer to the truth.
    expect(widths).toBeLessThan(1);
    expect(shrunkenError).toBeLessThan(ownError * 1.02);
    // Power: without the uncertainty of the spread the same test fails, unless the groups obviously differ.
    if (between < 1) expect(highest(covered.plugIn)).toBeLessThan(confidence);
  });

  it('a group without an estimate gets the mean, and an interval that covers where one more group is', () => {
    const random = seededRandom(52);
    const repeats = 150;
    let covered = 0;
    for (let repeat = 0; repeat < repeats; repeat += 1) {
      const groups = Array.from({ length: 8 }, () => ({ estimate: normal(random) + normal(random), standardError: 1 }));
      const silent = { estimate: Number.NaN, standardError: Infinity };
      const result = shrinkGroups({ groups: [...groups, silent], confidence });
      const { estimate, lower, upper, weight } = result.groups[8]!;
      expect([estimate, weight]).toEqual([result.mean, 0]);
      const another = normal(random);
      covered += Number(lower <= another && another <= upper);
      // It tells nothing about the others.
      if (repeat === 0) expect(shrinkGroups({ groups, confidence }).groups).toEqual(result.groups.slice(0, 8));
    }
    expect(covered / repeats + z * Math.sqrt((0.95 * 0.05) / repeats)).toBeGreaterThan(0.95);
  });

  it('calls groups different that are alike no more often than it says', () => {
    const random = seededRandom(53);
    let called = 0;
    const repeats = 4000;
    for (let repeat = 0; repeat < repeats; repeat += 1) {
      const groups = Array.from({ length: 3 }, () => ({ estimate: normal(random), standardError: 1 }));
      called += Number(shrinkGroups({ groups, confidence }).distinguishable);
    }
    expect(Math.abs(called / repeats - 0.05)).toBeLessThan(z * Math.sqrt((0.05 * 0.95) / repeats));
  });

  it('moves with shift and scale, keeps estimates between their own and the mean, and trusts precise groups more', () => {
    const group = fc.record({
      estimate: fc.double({ min: -5, max: 5, noNaN: true }),
      standardError: fc.double({ min: 0.1, max: 3, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(group, { minLength: 4, maxLength: 9 }), (groups) => {
        const result = shrinkGroups({ groups, confidence });
        const moved = shrinkGroups({
          groups: groups.map(({ estimate, standardError }) => ({
            estimate: 7 + 10 * estimate,
            standardError: 10 * standardError,
          })),
          confidence,
        });
        for (const [index, shrunken] of result.groups.entries()) {
          expect(moved.groups[index]!.estimate).toBeCloseTo(7 + 10 * shrunken.estimate, 6);
          expect(moved.groups[index]!.lower).toBeCloseTo(7 + 10 * shrunken.lower, 6);
          expect(moved.groups[index]!.weight).toBeCloseTo(shrunken.weight, 9);
          expect(shrunken.lower).toBeLessThan(shrunken.upper);
          const least = Math.min(...groups.map(({ estimate }) => estimate));
          const most = Math.max(...groups.map(({ estimate }) => estimate));
          expect(shrunken.estimate).toBeGreaterThanOrEqual(least - 1e-9);
          expect(shrunken.estimate).toBeLessThanOrEqual(most + 1e-9);
        }
        const byError = groups
          .map(({ standardError }, index) => ({ standardError, weight: result.groups[index]!.weight }))
          .sort((a, b) => a.standardError - b.standardError);
        for (let index = 1; index < byError.length; index += 1) {
          expect(byError[index]!.weight).toBeLessThanOrEqual(byError[index - 1]!.weight + 1e-12);
        }
      }),
      {
        numRuns: 15,
        // Rounding once decided here how far the integral went.
        examples: [[[0.1000000000000002, 0.1, 0.1, 0.1].map((standardError) => ({ estimate: 0, standardError }))]],
      },
    );
  });

  it('lets one group that is far more precise than all others leave them what they are', () => {
    const others = [0.5, 0.45, 0.6, 0.35].map((estimate) => ({ estimate, standardError: 0.05 }));
    const shrunken = [1e-2, 1e-5, 1e-160].map(
      (standardError) => shrinkGroups({ groups: [{ estimate: 0.3, standardError }, ...others], confidence }).groups,
    );
    for (const groups of shrunken) {
      for (const [index, { estimate, weight }] of groups.entries()) {
        expect(weight).toBeGreaterThan(0.9);
        expect(weight).toBeLessThanOrEqual(1);
        expect(Math.abs(estimate - (others[index - 1]?.estimate ?? 0.3))).toBeLessThan(0.02);
        expect(estimate).toBeCloseTo(shrunken[1]![index]!.estimate, 2);
      }
    }
  });

  it('takes standard errors of any size', () => {
    for (const standardError of [1e-160, 1e-300, 1e150]) {
      for (const estimates of [
        [0.3, 0.3, 0.3, 0.3],
        [1, 2, 3, 5],
      ]) {
        const groups = estimates.map((estimate) => ({ estimate, standardError }));
        const result = shrinkGroups({ groups, confidence });
        expect(result.pValue).toBe(standardError < 1 && estimates[0] === 1 ? 0 : 1);
        expect(result.betweenStddev).toBeGreaterThan(0);
        for (const [index, { estimate }] of result.groups.entries())
          expect(Math.abs(estimate - estimates[index]!)).toBeLessThan(standardError < 1 ? 1e-12 : 4);
      }
    }
  });

  it('does not shrink where there are too few groups to learn from', () => {
    const groups = [
      { estimate: 1, standardError: 0.1 },
      { estimate: 4, standardError: 0.2 },
      { estimate: 0, standardError: Infinity },
    ];
    const result = shrinkGroups({ groups, confidence });
    expect(result.groups[0]).toEqual({
      estimate: 1,
      lower: expect.closeTo(1 - 1.959963984540054 * 0.1, 12) as number,
      upper: expect.closeTo(1 + 1.959963984540054 * 0.1, 12) as number,
      weight: 1,
    });
    // Weights 100 and 25.
    expect(result.groups[2]).toEqual({
      estimate: expect.closeTo(1.6, 12) as number,
      lower: -Infinity,
      upper: Infinity,
      weight: 0,
    });
    expect([result.distinguishable, result.betweenStddev]).toEqual([true, Infinity]);
    const nothing = shrinkGroups({ groups: [{ estimate: 1, standardError: Infinity }], confidence });
    expect([nothing.pValue, nothing.distinguishable, nothing.mean]).toEqual([1, false, Number.NaN]);
  });

  it('refuses what is not an estimate', () => {
    const fine = { estimate: 1, standardError: 1 };
    expect(() => shrinkGroups({ groups: [], confidence })).toThrow('number of groups must be an integer >= 1, got 0');
    for (const standardError of [0, -1, Number.NaN]) {
      expect(() => shrinkGroups({ groups: [fine, { estimate: 1, standardError }], confidence })).toThrow(
        `standardError must be > 0, got ${standardError}`,
      );
    }
    expect(() => shrinkGroups({ groups: [{ estimate: Infinity, standardError: 1 }], confidence })).toThrow('estimate');
    expect(() => shrinkGroups({ groups: [fine], confidence: 1 })).toThrow('confidence must be in (0, 1), got 1');
  });
});
