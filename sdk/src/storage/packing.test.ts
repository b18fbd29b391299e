import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pack, unpack } from './packing.ts';

const back = (value: unknown): unknown => unpack(pack(value).buffer);

const numbers = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0),
);
const plain = fc.oneof(fc.string({ unit: 'binary' }), fc.boolean(), fc.constant(null), numbers);
const arrays = fc.oneof(
  fc.array(fc.float()).map((values) => Float32Array.from(values)),
  fc.array(fc.integer()).map((values) => Int32Array.from(values)),
  fc.array(fc.nat(255)).map((values) => Uint8Array.from(values)),
);

describe('records as bytes', () => {
  test('come back as they were, typed arrays of any length beside each other', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ text: plain, rows: arrays, list: fc.array(plain) })), (value) => {
        expect(back({ value })).toEqual({ value });
      }),
    );
  });

  test('hold a part of a larger buffer as that part alone', () => {
    const part = new Float32Array(Float32Array.of(1, 2, 3).buffer, 4, 1);
    expect(back(part)).toEqual(Float32Array.of(2));
  });

  test.each([
    ['a function', () => ''],
    ['a bigint', 1n],
    ['what is no number', Number.NaN],
    ['an infinite number', -Infinity],
    ['a buffer', new ArrayBuffer(2)],
    ['a view that is no typed array', new DataView(new ArrayBuffer(2))],
    ['an array of another type', BigInt64Array.of(1n)],
  ])('do not hold %s', (_, value) => {
    expect(() => pack({ value })).toThrow(TypeError);
  });
});
