import { encodeIntegers } from '@chorale/protocol';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Aggregator } from './aggregator.ts';
import { contributionOptions, contributionWeight, LARGEST_BIN } from './contribution.ts';
import { siteTask } from './testing/study.ts';

const bytes = (...values: number[]): Uint8Array => encodeIntegers(Int32Array.from(values));
const acceptAll = (length: number) => new Aggregator({ length, sensitivity: 10, check: () => {} });
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const histogram = (first: number): Uint8Array => bytes(first, ...Array.from({ length: 19 }, () => 0));

describe('Aggregator', () => {
  it('[R16] sums exactly, whatever the order of arrival', () => {
    const contributions = fc.array(
      fc.record({ values: fc.tuple(int32, int32, int32), weight: fc.integer({ min: 1, max: 1000 }) }),
      { minLength: 1, maxLength: 20 },
    );
    fc.assert(
      fc.property(contributions, fc.infiniteStream(fc.nat()), (list, keys) => {
        const aggregator = acceptAll(3);
        const order = list.map((c, i) => ({ c, i, key: keys.next().value as number })).sort((a, b) => a.key - b.key);
        for (const { c, i } of order)
          aggregator.add({ participant: `p${i}`, bytes: bytes(...c.values), weight: c.weight });
        const { sum, totalWeight, contributions: count, sensitivity } = aggregator.release({ quorum: 1 });
        const exact = [0, 1, 2].map((axis) =>
          list.reduce((s, c) => s + BigInt(c.values[axis]!) * BigInt(c.weight), 0n),
        );
        expect(Array.from(sum, BigInt)).toEqual(exact);
        expect(totalWeight).toBe(list.reduce((s, c) => s + c.weight, 0));
        expect(count).toBe(list.length);
        expect(sensitivity).toBe(10 * Math.max(...list.map((c) => c.weight)));
      }),
    );
  });

  it('[R3] counts a participant once, and knows a repeated message from a second contribution', () => {
    const aggregator = acceptAll(2);
    aggregator.add({ participant: 'p', bytes: bytes(1, 2), weight: 1 });
    expect(aggregator.holds('p', bytes(1, 2))).toBe(true);
    expect(aggregator.holds('p', bytes(1, 3))).toBe(false);
    expect(aggregator.holds('q', bytes(1, 2))).toBe(false);
    expect(() => aggregator.add({ participant: 'p', bytes: bytes(5, 5), weight: 1 })).toThrow(
      expect.objectContaining({ code: 'UPDATE_DUPLICATE' }),
    );
    expect(aggregator.release({ quorum: 1 }).sum).toEqual(Float64Array.of(1, 2));
  });

  it('[R7] releases nothing below the quorum, and one aggregate once', () => {
    const aggregator = acceptAll(1);
    expect(() => aggregator.release({ quorum: 0 })).toThrow('quorum');
    aggregator.add({ participant: 'p', bytes: bytes(1), weight: 1 });
    expect(() => aggregator.release({ quorum: 2 })).toThrow('quorum of 2 not reached');
    aggregator.add({ participant: 'q', bytes: bytes(1), weight: 1 });
    aggregator.release({ quorum: 2 });
    expect(() => aggregator.release({ quorum: 2 })).toThrow('once');
    expect(() => aggregator.add({ participant: 'r', bytes: bytes(1), weight: 1 })).toThrow(
      expect.objectContaining({ code: 'ROUND_CLOSED' }),
    );
  });

  it('[R16] refuses a contribution that could make the sum inexact', () => {
    const aggregator = acceptAll(1);
    const weight = 2 ** 20;
    aggregator.add({ participant: 'p', bytes: bytes(2 ** 31 - 1), weight });
    for (let i = 0; i < 3; i += 1) aggregator.add({ participant: `q${i}`, bytes: bytes(-(2 ** 31 - 1)), weight });
    // Four times (2^31 - 1) 2^20 leave 2^22 - 1 up to the largest exact integer.
    expect(() => aggregator.add({ participant: 'r', bytes: bytes(2 ** 22), weight: 1 })).toThrow('exact');
    aggregator.add({ participant: 'r', bytes: bytes(2 ** 22 - 1), weight: 1 });
    expect(() => aggregator.add({ participant: 's', bytes: bytes(-1), weight: 1 })).toThrow('exact');
    expect(aggregator.contributions).toBe(5);
  });

  it('[R17] leaves the sum as it was when it refuses a contribution', () => {
    const task = siteTask({ privacy: { updateNoiseMultiplier: 0, exampleNoiseMultiplier: 0, delta: 1e-6 } });
    const aggregator = new Aggregator(contributionOptions(task, 'train'));
    const refusals: [Uint8Array, string][] = [
      [bytes(1, 2), 'UPDATE_SHAPE'],
      [bytes(1, 2, 3, 4), 'UPDATE_SHAPE'],
      [bytes(1, 2, 3).subarray(0, 11), 'UPDATE_SHAPE'],
      [new Uint8Array(), 'UPDATE_SHAPE'],
      [bytes(2 ** 16, 1, 0), 'UPDATE_OVER_NORM'],
      [bytes(-(2 ** 31), -(2 ** 31), -(2 ** 31)), 'UPDATE_OVER_NORM'],
    ];
    for (const [refused, code] of refusals) {
      expect(() => aggregator.add({ participant: 'p', bytes: refused, weight: 1 })).toThrow(
        expect.objectContaining({ code }),
      );
    }
    aggregator.add({ participant: 'p', bytes: bytes(0, -(2 ** 16), 0), weight: 1 });
    expect(aggregator.release({ quorum: 1 })).toMatchObject({ sum: Float64Array.of(0, -(2 ** 16), 0), totalWeight: 1 });
  });

  it('[R17] refuses a histogram with more rows in a bin, or fewer than noise explains', () => {
    const task = siteTask();
    const aggregator = new Aggregator(contributionOptions(task, 'evaluate'));
    for (const first of [LARGEST_BIN + 20, -20, 2 ** 31 - 1, -(2 ** 31)]) {
      expect(() => aggregator.add({ participant: 'p', bytes: histogram(first), weight: 1 })).toThrow(
        expect.objectContaining({ code: 'UPDATE_OVER_NORM' }),
      );
    }
    aggregator.add({ participant: 'p', bytes: histogram(LARGEST_BIN), weight: 1 });
    aggregator.add({ participant: 'q', bytes: histogram(-5), weight: 1 });
    expect(aggregator.release({ quorum: 2 })).toMatchObject({ sensitivity: Math.SQRT2, contributions: 2 });
  });

  it('[R16] weighs updates by public group weights and rows of evaluations alike', () => {
    const task = siteTask({ weights: { north: 40 } });
    expect(contributionWeight(task, 'train', 'north')).toBe(40);
    expect(contributionWeight(task, 'train', 'south')).toBe(1);
    expect(contributionWeight(task, 'train', 'constructor')).toBe(1);
    expect(contributionWeight(task, 'evaluate', 'north')).toBe(1);
  });
});
