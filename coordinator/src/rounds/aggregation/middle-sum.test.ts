import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { middleSum } from './middle-sum.ts';
import { middleSumInThread } from './middle-sum-thread.ts';

/** Vectors that are the same in every run, with many equal values and both signs; longer than one block. */
function vectorsOf({ count, length }: { count: number; length: number }): Int32Array<ArrayBuffer>[] {
  return Array.from({ length: count }, (_, v) =>
    Int32Array.from({ length }, (_unused, i) => Math.imul((v + 1) * (i + 7), 0x9e37_79b1) >> (i % 31)),
  );
}

function naive(vectors: readonly Int32Array[], omitted: number): bigint[] {
  return Array.from(vectors[0]!, (_, i) =>
    vectors
      .map((vector) => vector[i]!)
      .toSorted((a, b) => a - b)
      .slice(omitted, vectors.length - omitted)
      .reduce((sum, value) => sum + BigInt(value), 0n),
  );
}

describe('middleSum', () => {
  it('[A2] adds up the middle values of every coordinate, however the vectors are laid out in blocks', () => {
    // Blocks of 32,768 values, of 16 coordinates at least: one, several, and a last one that is not full.
    const layouts = [
      { count: 1, length: 5 },
      { count: 3, length: 40_001 },
      { count: 64, length: 1024 },
      { count: 3000, length: 33 },
    ];
    for (const layout of layouts) {
      const vectors = vectorsOf(layout);
      for (const omitted of [0, Math.ceil(layout.count / 2) - 1]) {
        expect(Array.from(middleSum(vectors, omitted), BigInt)).toEqual(naive(vectors, omitted));
      }
    }
  });

  it('[A2] is exact for any integers of 32 bits', () => {
    fc.assert(
      fc.property(
        fc.array(fc.int32Array({ minLength: 2, maxLength: 2 }), { minLength: 3, maxLength: 30 }),
        (vectors) => {
          expect(Array.from(middleSum(vectors, 1), BigInt)).toEqual(naive(vectors, 1));
        },
      ),
    );
  });

  it('[A2] leaves at least one value', () => {
    for (const omitted of [-1, 1, 2, Number.NaN]) {
      expect(() => middleSum(vectorsOf({ count: 2, length: 1 }), omitted)).toThrow(RangeError);
    }
  });
});

describe('middleSumInThread', () => {
  it('[A2] gives the result that the calling thread would', async () => {
    const layout = { count: 9, length: 20_000 };
    const here = middleSum(vectorsOf(layout), 3);
    expect(await middleSumInThread({ vectors: vectorsOf(layout), omitted: 3 }, new AbortController().signal)).toEqual(
      here,
    );
  });

  it('[R13] fails with a typed error when the thread fails or is ended', async () => {
    const failure = expect.objectContaining({ code: 'INTERNAL' });
    const vectors = vectorsOf({ count: 2, length: 1 });
    await expect(middleSumInThread({ vectors, omitted: 1 }, new AbortController().signal)).rejects.toThrow(failure);
    const disposal = new AbortController();
    const vectorsOfZeros = Array.from({ length: 100 }, () => new Int32Array(100_000));
    const ended = middleSumInThread({ vectors: vectorsOfZeros, omitted: 1 }, disposal.signal);
    disposal.abort();
    await expect(ended).rejects.toThrow(failure);
  });
});
