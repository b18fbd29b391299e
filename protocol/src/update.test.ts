import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sampleManifest } from '../testing/sample-manifest.ts';
import {
  decodeIntegers,
  decodeParameters,
  encodeIntegers,
  encodeParameters,
  evaluationCharges,
  updateCharges,
  updateNormBound,
} from './index.ts';

const task = sampleManifest().training!;

test('[P2] integers survive the wire', () => {
  fc.assert(
    fc.property(fc.int32Array(), (values) => {
      expect(decodeIntegers(encodeIntegers(values), values.length)).toEqual(values);
    }),
  );
});

test('[P2] parameters survive the wire', () => {
  fc.assert(
    fc.property(fc.float32Array({ noNaN: true, noDefaultInfinity: true }), (values) => {
      expect(decodeParameters(encodeParameters(values), values.length)).toEqual(values);
    }),
  );
});

test('[P2] the wire is little-endian, and a vector is read at any place in a message', () => {
  const integers = Int32Array.of(1, -2, 0x1234_5678);
  expect([...encodeIntegers(integers)]).toEqual([1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0x78, 0x56, 0x34, 0x12]);
  expect([...encodeParameters(Float32Array.of(1, -2.5))]).toEqual([0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc0]);
  for (const place of [0, 1, 2, 3, 4, 5]) {
    const message = new Uint8Array(20).fill(255);
    const bytes = message.subarray(place, place + 12);
    bytes.set(encodeIntegers(integers));
    expect(decodeIntegers(bytes, 3)).toEqual(integers);
    bytes.set(encodeParameters(Float32Array.from(integers)));
    const parameters = decodeParameters(bytes, 3);
    // Parameters are a copy: whoever gets them may change them.
    message.fill(0);
    expect(parameters).toEqual(Float32Array.from(integers));
  }
});

test('[P2] a view of a part of a vector is written as that part', () => {
  expect(encodeIntegers(Int32Array.of(9, 8, 7).subarray(1, 2))).toEqual(encodeIntegers(Int32Array.of(8)));
  expect(encodeParameters(Float32Array.of(9, 8).subarray(1))).toEqual(encodeParameters(Float32Array.of(8)));
});

test('[P2] a wrong length or a number that is not finite is refused', () => {
  expect(() => decodeIntegers(new Uint8Array(7), 2)).toThrow(expect.objectContaining({ code: 'UPDATE_SHAPE' }));
  expect(() => decodeParameters(new Uint8Array(12), 2)).toThrow(expect.objectContaining({ code: 'UPDATE_SHAPE' }));
  for (const bad of [Number.NaN, Infinity]) {
    expect(() => decodeParameters(encodeParameters(Float32Array.of(bad)), 1)).toThrow(
      expect.objectContaining({ code: 'UPDATE_MALFORMED' }),
    );
  }
});

test('[B3] the norm bound grows with the noise and is the clipping norm without it', () => {
  const noiseless = { ...task, privacy: { ...task.privacy, updateNoiseMultiplier: 0 } };
  expect(updateNormBound(noiseless)).toBe(65_536);
  expect(updateNormBound(task)).toBeGreaterThan(65_536 + 131_072 * Math.sqrt(19));
});

test('[B2] an update is charged to each unit that it has a guarantee for', () => {
  expect(updateCharges(task)).toEqual([
    { privacyUnit: 'site', loss: { mechanism: 'gaussian', noiseMultiplier: 1 } },
    { privacyUnit: 'employee', loss: { mechanism: 'gaussian', noiseMultiplier: 1 } },
  ]);
  const siteOnly = { ...task, privacy: { ...task.privacy, exampleNoiseMultiplier: 0 } };
  expect(updateCharges(siteOnly)).toEqual([
    { privacyUnit: 'site', loss: { mechanism: 'gaussian', noiseMultiplier: 1 } },
  ]);
  expect(evaluationCharges(task)).toEqual([{ privacyUnit: 'employee', loss: { mechanism: 'zcdp', rho: 1 / 8 } }]);
});
