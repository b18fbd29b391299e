import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sampleManifest } from '../testing/sample-manifest.ts';
import {
  formatBytes,
  GRID_STEPS,
  largestMultiple,
  packIntegers,
  parameterCount,
  PLAIN_FORMAT,
  unpackMultiples,
  updateFormat,
} from './index.ts';
import { updateNormBound } from './update-mechanism.ts';

const sample = sampleManifest().training!;
const taskOf = (bitsPerParameter: 8 | 16 | 32, updateNoiseMultiplier: number) => ({
  ...sample,
  bitsPerParameter,
  privacy: { ...sample.privacy, updateNoiseMultiplier },
});

const formats = fc.record({
  bits: fc.constantFrom(8 as const, 16 as const),
  unit: fc.integer({ min: 0, max: 16 }).map((power) => 2 ** power),
});

describe('packed integers', () => {
  test('[P2] survive the wire at any place in a message, into memory of before or new memory', () => {
    const messages = formats.chain((format) => {
      const largest = largestMultiple(format.bits);
      const multiples = fc.array(fc.integer({ min: -largest, max: largest }));
      return fc.tuple(fc.constant(format), multiples, fc.nat(5));
    });
    fc.assert(
      fc.property(messages, ([format, multiples, place]) => {
        const values = Int32Array.from(multiples, (x) => x * format.unit);
        const packed = packIntegers(values, format);
        expect(packed.length).toBe((values.length * format.bits) / 8);
        const message = new Uint8Array(place + packed.length + 3).fill(255);
        message.set(packed, place);
        const part = message.subarray(place, place + packed.length);
        expect(unpackMultiples(part, format, { length: values.length })).toEqual(Int32Array.from(multiples));
        const scratch = new Int32Array(values.length).fill(-1);
        expect(unpackMultiples(part, format, { length: values.length, scratch })).toBe(scratch);
        expect(scratch).toEqual(Int32Array.from(multiples));
      }),
    );
  });

  test('[P2] are little-endian', () => {
    expect([...packIntegers(Int32Array.of(4, -8), { bits: 8, unit: 4 })]).toEqual([1, 0xfe]);
    expect([...packIntegers(Int32Array.of(0x1234, -2), { bits: 16, unit: 1 })]).toEqual([0x34, 0x12, 0xfe, 0xff]);
  });

  test('[P2] of a wrong length are refused, as are values that the format cannot write', () => {
    const format = { bits: 16, unit: 2 } as const;
    for (const bytes of [0, 3, 5, 8]) {
      expect(() => unpackMultiples(new Uint8Array(bytes), format, { length: 2 })).toThrow(
        expect.objectContaining({ code: 'UPDATE_SHAPE' }),
      );
    }
    for (const wrong of [1, 2 * 32_768, -2 * 32_768]) {
      expect(() => packIntegers(Int32Array.of(0, wrong), format)).toThrow(RangeError);
    }
    expect(() => packIntegers(Int32Array.of(-128), { bits: 8, unit: 1 })).toThrow(RangeError);
  });
});

describe('updateFormat', () => {
  test('[P2] has a quarter or half of the bytes, and room for the clipping norm and the noise', () => {
    expect(updateFormat(sample)).toEqual(PLAIN_FORMAT);
    expect(formatBytes(updateFormat(taskOf(8, 1)), 19)).toBe(19);
    expect(formatBytes(updateFormat(taskOf(16, 1)), 19)).toBe(38);
    for (const bits of [8, 16] as const) {
      for (const noise of [0, 0.01, 1, 5, 100, 1e5]) {
        const { unit } = updateFormat(taskOf(bits, noise));
        const reach = GRID_STEPS * (1 + 12 * noise);
        expect(Number.isInteger(Math.log2(unit))).toBe(true);
        // Every value of 32 bits has its place where the noise needs all of them.
        expect(unit * (largestMultiple(bits) + 1)).toBeGreaterThanOrEqual(Math.min(reach, 2 ** 31));
        if (unit > 1) expect((unit / 2) * largestMultiple(bits)).toBeLessThan(reach);
      }
    }
  });

  test('[B3] rounding adds to the bound on the norm, by no more than a step of the grid in each coordinate', () => {
    for (const noise of [0, 1]) {
      const plain = updateNormBound(taskOf(32, noise));
      for (const bits of [8, 16] as const) {
        const task = taskOf(bits, noise);
        const { unit } = updateFormat(task);
        expect(updateNormBound(task)).toBeGreaterThan(plain);
        expect(updateNormBound(task)).toBeLessThanOrEqual(plain + unit * Math.sqrt(parameterCount(task)));
      }
    }
    // A million coordinates of variance 1/4 at most: far less than a step in each.
    const large = { ...taskOf(8, 0), model: { hidden: [1000, 990], activation: 'relu' as const } };
    const { unit } = updateFormat(large);
    const c = GRID_STEPS / unit;
    expect(updateNormBound(large) / unit).toBeGreaterThan(Math.sqrt(c ** 2 + parameterCount(large) / 4));
    expect(updateNormBound(large) / unit).toBeLessThan(1.02 * Math.sqrt(c ** 2 + parameterCount(large) / 4));
  });
});
