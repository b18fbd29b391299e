import { describe, expect, it } from 'vitest';
import { fitPValue } from '../../testing/chi-square.ts';
import { seededRandom } from '../../testing/seeded-random.ts';
import { realizeEpsilon, tableChannel, weightTotal } from './channel.ts';
import type { RandomSource } from '../sampling/random.ts';

const quarter = weightTotal / 4n;
const rows = [
  [quarter, 2n * quarter, quarter],
  [2n * quarter, quarter, quarter],
];
const channel = tableChannel({ mechanism: 'example', epsilon: 0.7, rows });

/** Answers every request with one word. */
function fixedWord(word: bigint): RandomSource {
  return { nextUint32: () => 0, nextUint64: () => word };
}

const table = (row: bigint[]) => () => tableChannel({ mechanism: 'x', epsilon: 5, rows: [row, rows[1]!] });

describe('tableChannel', () => {
  it('states the epsilon of its weights, rounded up and never above what was asked', () => {
    expect(channel.realizedEpsilon).toBeGreaterThanOrEqual(Math.LN2);
    // The double Math.LN2 lies below ln 2; the next one is the answer.
    expect(channel.realizedEpsilon).toBeLessThan(Math.LN2 + 2e-16);
    expect(tableChannel({ mechanism: 'x', epsilon: channel.realizedEpsilon, rows }).realizedEpsilon).toBe(
      channel.realizedEpsilon,
    );
    expect(channel.probability(0, 1)).toBe(0.5);
    expect(channel.weight(1, 0)).toBe(2n * quarter);
  });

  it('refuses one unit too much, in either direction', () => {
    // The double Math.LN2 lies below ln 2: the exact check sees what doubles cannot.
    expect(() => tableChannel({ mechanism: 'x', epsilon: Math.LN2, rows })).toThrow('no ratio above');
    const [first, second] = rows;
    const oneUnit = [quarter - 1n, 2n * quarter + 1n, quarter];
    const { realizedEpsilon } = channel;
    expect(tableChannel({ mechanism: 'x', epsilon: realizedEpsilon, rows: [first!, second!] }).outputs).toBe(3);
    // A unit of 2**-64 is less than the double's own rounding leaves, eight thousand are not.
    const eightThousand = oneUnit.map((weight, output) => weight + [-8_000n, 8_000n, 0n][output]!);
    expect(() => tableChannel({ mechanism: 'x', epsilon: realizedEpsilon, rows: [eightThousand, second!] })).toThrow(
      'no ratio above',
    );
  });

  it('refuses rows that are no distribution', () => {
    expect(table([quarter, quarter, quarter])).toThrow(
      'row 0 must hold 3 weights > 0 that sum to 2**64, got 3 that sum to 13835058055282163712',
    );
    expect(table([2n * quarter, 2n * quarter, 0n])).toThrow('weights > 0');
    expect(table([2n * quarter, 2n * quarter])).toThrow('row 1 must hold 2 weights > 0 that sum to 2**64, got 3');
    expect(() => tableChannel({ mechanism: 'x', epsilon: 5, rows: [] })).toThrow(
      'outputs must be an integer >= 2, got 0',
    );
  });

  it('gives every word to the output whose interval holds it', () => {
    for (const [input, row] of rows.entries()) {
      let boundary = 0n;
      for (const [output, weight] of row.entries()) {
        expect(channel.privatize(input, fixedWord(boundary))).toBe(output);
        expect(channel.privatize(input, fixedWord(boundary + weight - 1n))).toBe(output);
        boundary += weight;
      }
    }
    // Boundaries that differ in their low halves alone.
    const narrow = [5n, 7n, weightTotal - 12n];
    const fine = tableChannel({ mechanism: 'x', epsilon: 1, rows: [narrow, narrow] });
    expect([0n, 4n, 5n, 11n, 12n].map((word) => fine.privatize(0, fixedWord(word)))).toEqual([0, 0, 1, 1, 2]);
  });

  it('has the frequencies of its rows', () => {
    const random = seededRandom(1);
    for (const [input, row] of rows.entries()) {
      const counts = [0, 0, 0];
      for (let draw = 0; draw < 40_000; draw += 1) counts[channel.privatize(input, random)]! += 1;
      const exact = row.map((weight) => Number(weight) / 2 ** 64);
      expect(fitPValue(counts, exact)).toBeGreaterThan(1e-9);
      // Power: a probability wrong by a tenth fails the same test.
      expect(
        fitPValue(counts, [exact[0]! * 1.1, exact[1]! * 0.95, 1 - exact[0]! * 1.1 - exact[1]! * 0.95]),
      ).toBeLessThan(1e-9);
    }
  });

  it('draws one 64-bit word for every input, and none for a wrong one', () => {
    const random = seededRandom(2);
    for (const input of [0, 1, 0]) channel.privatize(input, random);
    expect(random.wordsDrawn).toBe(6);
    for (const input of [-1, 2, 0.5, Number.NaN]) expect(() => channel.privatize(input, random)).toThrow(RangeError);
    expect(random.wordsDrawn).toBe(6);
  });
});

it('an equal ratio costs nothing', () => {
  expect(realizeEpsilon(1, [5n, 5n])).toBe(0);
  expect(() => realizeEpsilon(0, [5n, 5n])).toThrow('epsilon must be');
});
