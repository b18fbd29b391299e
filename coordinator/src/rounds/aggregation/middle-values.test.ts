import { encodeIntegers, parameterCount } from '@chorale/protocol';
import { describe, expect, it } from 'vitest';
import { siteTask } from '../testing/study.ts';
import { type Aggregation, createAggregation } from './aggregation.ts';
import { allButTheMedian, trimmed } from './middle-values.ts';

const SIZE = 11;
const task = siteTask({
  model: { hidden: [4096], activation: 'relu' },
  aggregation: { rule: 'coordinate-median' },
  cohort: { size: SIZE, quorum: 3, selectionTimeoutMs: 1, deadlineMs: 1 },
});
const length = parameterCount(task);

/** A full round of a model that is too large to be sorted on the thread of requests. */
function fullRound(): Aggregation {
  const aggregation = createAggregation(task, 'train');
  const update = new Int32Array(length);
  for (let i = 0; i < SIZE; i += 1) {
    // Update i has the value i ^ 5 everywhere: different ones from 0 to 15, in no order.
    aggregation.add({ participant: `p${i}`, bytes: encodeIntegers(update.fill(i ^ 5)), weight: 1 });
  }
  return aggregation;
}

describe('MiddleValues', () => {
  it('[A2] finds the median of a large model in a thread of its own', async () => {
    const { sum, totalWeight, contributions } = await fullRound().release({ quorum: 3 });
    const sorted = Array.from({ length: SIZE }, (_, i) => i ^ 5).toSorted((a, b) => a - b);
    expect(sum).toEqual(new Float64Array(length).fill(sorted[5]!));
    expect({ totalWeight, contributions }).toEqual({ totalWeight: 1, contributions: SIZE });
  });

  it('[R7] disposal frees the vectors at once', () => {
    const aggregation = fullRound();
    const before = process.memoryUsage().arrayBuffers;
    aggregation.dispose();
    expect(before - process.memoryUsage().arrayBuffers).toBeGreaterThanOrEqual(SIZE * length * 4);
  });

  it('[R7] disposal ends a computation that is under way', async () => {
    const aggregation = fullRound();
    const result = aggregation.release({ quorum: 3 });
    aggregation.dispose();
    await expect(result).rejects.toThrow(expect.objectContaining({ code: 'INTERNAL' }));
  });

  it('[R6] takes no more updates than the round wants, and their memory is limited by that', () => {
    const aggregation = fullRound();
    const more = { participant: 'more', bytes: encodeIntegers(new Int32Array(length)), weight: 1 };
    expect(() => aggregation.add(more)).toThrow(expect.objectContaining({ code: 'ROUND_CLOSED' }));
    expect(aggregation.contributions).toBe(SIZE);
    aggregation.dispose();
  });
});

describe('trimmed', () => {
  it('[A2] leaves out at least the share, one or two values staying', () => {
    expect([3, 4, 10, 11].map((count) => trimmed(0.1, count))).toEqual([1, 1, 1, 2]);
    expect([3, 4, 10, 11].map((count) => trimmed(0.49, count))).toEqual([1, 1, 4, 5]);
    expect([1, 2, 3, 4].map(allButTheMedian)).toEqual([0, 0, 1, 1]);
    // 0.07 x 100 is 7.000000000000001 in doubles.
    expect(trimmed(0.07, 100)).toBe(7);
  });
});
