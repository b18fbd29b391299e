import { expect, it } from 'vitest';
import type { RandomSource } from './random.ts';
import { settle, tableSampler } from './cumulative-table.ts';

/** Hands out these 64-bit words, and no others. */
const scripted = (...words: bigint[]): RandomSource => ({
  nextUint32: () => expect.fail('no word of 32 bits is drawn'),
  nextUint64: () => words.shift() ?? expect.fail('no more words are drawn'),
});

/** 1/3 and 2/3, as near as so many bits can tell. */
const thirds = (bits: number) =>
  [1n, 2n].map((part) => [(part << BigInt(bits)) / 3n, (part << BigInt(bits)) / 3n + 1n] as const);

const first = (part: bigint) => Number((part << 53n) / 3n);
const next = (part: bigint) => ((part << 117n) / 3n) & (2n ** 64n - 1n);

it('draws more bits until they tell on which side of a boundary the number lies', () => {
  for (const [part, below] of [
    [1n, 0],
    [2n, 1],
  ] as const) {
    const uniform = first(part);
    expect(settle(uniform, thirds, scripted(next(part) - 1n))).toBe(below);
    expect(settle(uniform, thirds, scripted(next(part) + 1n))).toBe(below + 1);
    // All the bits of the boundary itself: its next ones decide.
    expect(settle(uniform, thirds, scripted(next(part), 0n))).toBe(below);
    expect(settle(uniform, thirds, scripted(next(part), 2n ** 64n - 1n))).toBe(below + 1);
  }
});

it('takes no more bits where the first ones tell', () => {
  const select = tableSampler(thirds);
  const draws = [0, first(1n) - 1, first(1n) + 1, first(2n) - 1, first(2n) + 1, 2 ** 53 - 1];
  expect(draws.map((uniform) => select(uniform, scripted()))).toEqual([0, 0, 1, 1, 2, 2]);
  expect(select(first(1n), scripted(next(1n) - 1n))).toBe(0);
  expect(select(first(1n), scripted(next(1n) + 1n))).toBe(1);
});
