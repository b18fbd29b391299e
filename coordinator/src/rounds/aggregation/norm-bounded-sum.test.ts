import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NormBoundedSum } from './norm-bounded-sum.ts';

const vectors = fc.int32Array({ minLength: 1, maxLength: 8 });
const bounds = fc.integer({ min: 1, max: 2 ** 31 });

async function sumOf(bound: number, ...list: Int32Array[]): Promise<number[]> {
  const sum = new NormBoundedSum({ length: list[0]!.length, bound });
  for (const vector of list) sum.add(vector, { weight: 1, unit: 1, check: () => {} });
  return Array.from((await sum.combine()).sum);
}

const squareOf = (vector: Iterable<number>): bigint =>
  Array.from(vector, BigInt).reduce((sum, value) => sum + value * value, 0n);

describe('NormBoundedSum', () => {
  it('[A3] leaves no vector longer than the bound, and moves none by more than rounding', async () => {
    await fc.assert(
      fc.asyncProperty(vectors, bounds, async (vector, bound) => {
        const scaled = await sumOf(bound, vector);
        const square = squareOf(vector);
        const limit = BigInt(bound) ** 2n;
        if (square <= limit) {
          expect(scaled).toEqual(Array.from(vector));
          return;
        }
        expect(squareOf(scaled)).toBeLessThanOrEqual(limit);
        scaled.forEach((value, i) => {
          // |value| is at most |v| B / norm and less than two steps below, compared as squares: exactly.
          const exact = BigInt(vector[i]!) ** 2n * limit;
          expect(BigInt(value) ** 2n * square).toBeLessThanOrEqual(exact);
          expect((BigInt(Math.abs(value)) + 2n) ** 2n * square).toBeGreaterThan(exact);
          expect(value * vector[i]!).toBeGreaterThanOrEqual(0);
        });
      }),
    );
  });

  it('[A3] rounding cannot lift a norm above the bound', async () => {
    // Scaled exactly, both coordinates are whole numbers less one part in 2^61, which doubles cannot tell apart.
    const bound = 2 ** 30 - 1;
    const scaled = await sumOf(bound, Int32Array.of(2 * bound, 2));
    expect(squareOf(scaled)).toBeLessThanOrEqual(BigInt(bound) ** 2n);
  });

  it('[R16] adds what each vector becomes alone, exactly', async () => {
    const pairs = fc.integer({ min: 1, max: 8 }).chain((length) => {
      const vector = fc.int32Array({ minLength: length, maxLength: length });
      return fc.tuple(vector, vector, vector);
    });
    await fc.assert(
      fc.asyncProperty(pairs, bounds, async ([a, b, c], bound) => {
        const alone = await Promise.all([a, b, c].map((vector) => sumOf(bound, vector)));
        const exact = alone[0]!.map((_, i) => alone.reduce((sum, vector) => sum + BigInt(vector[i]!), 0n));
        expect((await sumOf(bound, a, b, c)).map(BigInt)).toEqual(exact);
      }),
    );
  });
});
