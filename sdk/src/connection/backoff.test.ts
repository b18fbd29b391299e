import { seededRandom } from '@chorale/privacy/testing';
import { expect, test } from 'vitest';
import { backoffMs, staggeredMs } from './backoff.ts';

test('waits double up to the longest, each drawn between half and all of it', () => {
  const random = seededRandom(1);
  const options = { firstMs: 100, longestMs: 1000 };
  const longest = [100, 200, 400, 800, 1000, 1000];
  for (const [attempt, ms] of [...longest.entries(), [2000, 1000] as const]) {
    const waits = Array.from({ length: 200 }, () => backoffMs(attempt, options, random));
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(ms / 2);
    expect(Math.max(...waits)).toBeLessThanOrEqual(ms);
    expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(ms / 4);
  }
});

test('a wait that was asked for is never shortened, and at most a tenth longer', () => {
  const random = seededRandom(2);
  const waits = Array.from({ length: 200 }, () => staggeredMs(1e10, random));
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(1e10);
  expect(Math.max(...waits)).toBeLessThanOrEqual(1.1e10);
  expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(0.08e10);
});
