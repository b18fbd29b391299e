import { encodeIntegers, PLAIN_FORMAT } from '@chorale/protocol';
import { describe, expect, it } from 'vitest';
import { siteTask } from '../testing/study.ts';
import { createAggregation } from './aggregation.ts';
import { Aggregator } from './aggregator.ts';
import { LARGEST_BIN } from './contribution.ts';
import { WeightedSum } from './weighted-sum.ts';

const bytes = (...values: number[]): Uint8Array => encodeIntegers(Int32Array.from(values));
const code = (expected: string): unknown => expect.objectContaining({ code: expected });
const histogram = (first: number): Uint8Array => bytes(first, ...Array.from({ length: 19 }, () => 0));

/** A weighted sum of vectors that may be anything. */
function acceptAll(length: number): Aggregator {
  return new Aggregator({
    contribution: { length, format: PLAIN_FORMAT, check: () => {} },
    combination: new WeightedSum({ length, sensitivity: 10 }),
    largestWeight: Number.MAX_SAFE_INTEGER,
  });
}

describe('Aggregator', () => {
  it('[R3] counts a participant once, and knows a repeated message from a second contribution', async () => {
    const aggregator = acceptAll(2);
    aggregator.add({ participant: 'p', bytes: bytes(1, 2), weight: 1 });
    expect(aggregator.holds('p', bytes(1, 2))).toBe(true);
    expect(aggregator.holds('p', bytes(1, 3))).toBe(false);
    // Of the same norm, and of the same extremes.
    expect(aggregator.holds('p', bytes(2, 1))).toBe(false);
    expect(aggregator.holds('p', bytes(1, 2, 0))).toBe(false);
    expect(aggregator.holds('p', bytes(1, 2).subarray(1))).toBe(false);
    expect(aggregator.holds('q', bytes(1, 2))).toBe(false);
    expect(() => aggregator.add({ participant: 'p', bytes: bytes(5, 5), weight: 1 })).toThrow(code('UPDATE_DUPLICATE'));
    expect((await aggregator.release({ quorum: 1 })).sum).toEqual(Float64Array.of(1, 2));
    expect(aggregator.holds('p', bytes(1, 2))).toBe(true);
  });

  it('[R7] releases nothing below the quorum, and one aggregate once', async () => {
    const aggregator = acceptAll(1);
    await expect(aggregator.release({ quorum: 0 })).rejects.toThrow('quorum');
    aggregator.add({ participant: 'p', bytes: bytes(1), weight: 1 });
    await expect(aggregator.release({ quorum: 2 })).rejects.toThrow('quorum of 2 not reached');
    aggregator.add({ participant: 'q', bytes: bytes(1), weight: 1 });
    const first = aggregator.release({ quorum: 2 });
    await expect(aggregator.release({ quorum: 2 })).rejects.toThrow('once');
    expect(() => aggregator.add({ participant: 'r', bytes: bytes(1), weight: 1 })).toThrow(code('ROUND_CLOSED'));
    expect(await first).toMatchObject({ sum: Float64Array.of(2), contributions: 2 });
  });

  it('[R7] has no aggregate after it was disposed of, and still knows what it held', async () => {
    const aggregator = acceptAll(1);
    aggregator.add({ participant: 'p', bytes: bytes(1), weight: 1 });
    aggregator.dispose();
    aggregator.dispose();
    await expect(aggregator.release({ quorum: 1 })).rejects.toThrow(code('INTERNAL'));
    expect(() => aggregator.add({ participant: 'q', bytes: bytes(1), weight: 1 })).toThrow(code('ROUND_CLOSED'));
    expect(aggregator.holds('p', bytes(1))).toBe(true);
    expect(aggregator.contributions).toBe(1);
  });

  it('[R16] refuses a contribution that could make the sum inexact', () => {
    const aggregator = acceptAll(1);
    const largest = 2 ** 31 - 1;
    const weight = 2 ** 20;
    aggregator.add({ participant: 'p', bytes: bytes(largest), weight });
    for (const i of [1, 2]) aggregator.add({ participant: `q${i}`, bytes: bytes(-largest), weight });
    aggregator.add({ participant: 'q3', bytes: bytes(largest), weight: weight - 1 });
    // Four times (2^31 - 1) 2^20 are LARGEST_EXACT_SUM, of which 2^31 - 1 is left.
    expect(() => aggregator.add({ participant: 'r', bytes: bytes(largest), weight: 2 })).toThrow('exact');
    aggregator.add({ participant: 'r', bytes: bytes(-largest), weight: 1 });
    expect(() => aggregator.add({ participant: 's', bytes: bytes(-1), weight: 1 })).toThrow('exact');
    expect(aggregator.contributions).toBe(5);
  });

  it('[R16] reads a vector at any place in a larger message', async () => {
    for (const place of [0, 1, 2, 3, 4]) {
      const message = new Uint8Array(20).fill(255);
      message.set(bytes(7, -8, 2 ** 30), place);
      const aggregator = acceptAll(3);
      aggregator.add({ participant: 'p', bytes: message.subarray(place, place + 12), weight: 2 });
      message.fill(0);
      expect(aggregator.holds('p', bytes(7, -8, 2 ** 30))).toBe(true);
      expect((await aggregator.release({ quorum: 1 })).sum).toEqual(Float64Array.of(14, -16, 2 ** 31));
    }
  });

  it('[R17] leaves the sum as it was when it refuses a contribution', async () => {
    const task = siteTask({ privacy: { updateNoiseMultiplier: 0, exampleNoiseMultiplier: 0, delta: 1e-6 } });
    const aggregation = createAggregation(task, 'train');
    const refusals: [Uint8Array, string][] = [
      [bytes(1, 2), 'UPDATE_SHAPE'],
      [bytes(1, 2, 3, 4), 'UPDATE_SHAPE'],
      [bytes(1, 2, 3).subarray(0, 11), 'UPDATE_SHAPE'],
      [new Uint8Array(), 'UPDATE_SHAPE'],
      [bytes(2 ** 16, 1, 0), 'UPDATE_OVER_NORM'],
      [bytes(-(2 ** 31), -(2 ** 31), -(2 ** 31)), 'UPDATE_OVER_NORM'],
    ];
    for (const [refused, expected] of refusals) {
      expect(() => aggregation.add({ participant: 'p', bytes: refused, weight: 1 })).toThrow(code(expected));
      expect(aggregation.holds('p', refused)).toBe(false);
    }
    aggregation.add({ participant: 'p', bytes: bytes(0, -(2 ** 16), 0), weight: 1 });
    const expected = { sum: Float64Array.of(0, -(2 ** 16), 0), totalWeight: 1, contributions: 1 };
    expect(await aggregation.release({ quorum: 1 })).toMatchObject(expected);
  });

  it('[R17] refuses a histogram with more rows in a bin, or fewer than noise explains', async () => {
    const aggregation = createAggregation(siteTask(), 'evaluate');
    for (const first of [LARGEST_BIN + 20, -20, 2 ** 31 - 1, -(2 ** 31)]) {
      const refused = { participant: 'p', bytes: histogram(first), weight: 1 };
      expect(() => aggregation.add(refused)).toThrow(code('UPDATE_OVER_NORM'));
    }
    aggregation.add({ participant: 'p', bytes: histogram(LARGEST_BIN), weight: 1 });
    aggregation.add({ participant: 'q', bytes: histogram(-5), weight: 1 });
    expect(await aggregation.release({ quorum: 2 })).toMatchObject({ sensitivity: Math.SQRT2, contributions: 2 });
  });

  it('[R17] refuses a weight that is no integer from 1 on', () => {
    const aggregator = acceptAll(1);
    for (const weight of [0, -1, 0.5, Number.NaN, Infinity]) {
      expect(() => aggregator.add({ participant: 'p', bytes: bytes(1), weight })).toThrow(RangeError);
    }
    expect(aggregator.contributions).toBe(0);
  });
});
