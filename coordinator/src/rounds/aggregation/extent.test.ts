import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { measure } from './extent.ts';

/** FNV-1a by hand, a coordinate a step. */
function fnv(values: number[], start = 2166136261): number {
  return values.reduce((hash, x) => Number(BigInt.asIntN(32, BigInt(hash ^ x) * 16777619n)), start);
}

describe('measure', () => {
  it('[R17] knows the norm of a vector as an exact sum of squares tells it', () => {
    fc.assert(
      fc.property(fc.int32Array({ maxLength: 40 }), (vector) => {
        const { norm } = measure(vector);
        const square = Array.from(vector, BigInt).reduce((sum, value) => sum + value * value, 0n);
        // Rounding of 40 squares, their sums and the root: less than 64 times 2^-53.
        expect(Math.abs(norm - Math.sqrt(Number(square)))).toBeLessThanOrEqual(norm * 2 ** -47);
      }),
    );
  });

  it('[R17] tells a norm from the next larger one where squares are exact', () => {
    expect(measure(Int32Array.of(2 ** 16, 0)).norm).toBe(2 ** 16);
    expect(measure(Int32Array.of(2 ** 16, 1)).norm).toBeGreaterThan(2 ** 16);
  });

  it('[R3] has a checksum that each coordinate, its sign and its place change', () => {
    const { checksum } = measure(Int32Array.of(3, -4, 5));
    // Of the first and third, and of the second.
    expect(checksum).toBe(fnv([0], fnv([3, 5])) ^ fnv([-4]));
    for (const other of [
      [-3, -4, 5],
      [3, 5, -4],
      [-4, 3, 5],
      [5, -4, 3],
      [3, -4, 5, 0],
      [3, -4, 6],
    ]) {
      expect(measure(Int32Array.from(other)).checksum).not.toBe(checksum);
    }
  });

  it('[R17] does not overflow for the largest vector there is', () => {
    const { norm } = measure(new Int32Array(1_000_000).fill(-(2 ** 31)));
    // A thousand times 2^31, right to one part in 2^33.
    expect(Math.abs(norm / (1000 * 2 ** 31) - 1)).toBeLessThan(2 ** -33);
  });
});
