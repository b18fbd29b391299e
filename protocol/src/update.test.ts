import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sampleManifest } from '../testing/sample-manifest.ts';
import {
  decodeIntegers,
  decodeParameters,
  cohortSumBound,
  encodeIntegers,
  encodeParameters,
  evaluationCharges,
  limits,
  parameterCount,
  stalenessWeight,
  type TrainingTask,
  updateCharges,
} from './index.ts';
import { updateMechanism, updateNormBound } from './update-mechanism.ts';

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
    const scratch = new Int32Array(3);
    expect(decodeIntegers(bytes, 3, scratch)).toEqual(integers);
    expect(scratch).toEqual(place % 4 === 0 ? new Int32Array(3) : integers);
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

const randomized = (epsilon: number, hidden: number[] = []): TrainingTask => ({
  ...task,
  clients: 'employee',
  model: { ...task.model, hidden },
  privacy: {
    ...task.privacy,
    updateNoiseMultiplier: 0,
    exampleNoiseMultiplier: 0,
    updateMechanism: { mechanism: 'priv-unit', epsilon },
  },
});

test('[B3] a report of PrivUnit has a norm that follows from its epsilon, and the sum of all is exact', () => {
  // The smallest epsilon with few parameters and with the most that a manifest allows, in as few bits as it allows.
  const inputs = parameterCount(randomized(1)) - 1;
  const most = Math.floor((limits.randomizedNumbers - 1) / (inputs + 2));
  for (const [hidden, epsilon] of [
    [[], 0.1],
    [[], 20],
    [[most], 0.1],
    [[most], 20],
  ] as const) {
    for (const bitsPerParameter of [8, 16, 32] as const) {
      const one = { ...randomized(epsilon, [...hidden]), bitsPerParameter };
      expect(parameterCount(one)).toBeLessThanOrEqual(limits.randomizedNumbers);
      const bound = updateNormBound(one);
      expect(bound).toBeGreaterThanOrEqual(65_536);
      // What a manifest is checked by needs no calibration, and is never less.
      expect(cohortSumBound(one) / 4).toBeGreaterThanOrEqual(bound);
    }
  }
  // 6.7 units for three answers at epsilon 1, say, would be wrong by a factor if the mechanism were not the one meant.
  const { gain } = updateMechanism(randomized(4))!;
  expect(updateNormBound(randomized(4)) / (65_536 / gain)).toBeCloseTo(1.01, 2);
});

test('[B2] a report of PrivUnit is charged at its pure epsilon to the employee', () => {
  expect(updateCharges(randomized(2.5))).toEqual([
    { privacyUnit: 'employee', loss: { mechanism: 'pure', epsilon: 2.5 } },
  ]);
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

const buffered = (stalenessExponent: number) => ({
  ...task,
  asynchronous: { maximumStaleness: 1000, stalenessExponent },
});

const weights = (exponent: number): number[] => {
  return [0, 1, 2, 3, 99, 1000].map((staleness) => stalenessWeight(buffered(exponent), staleness));
};

describe('weights by staleness', () => {
  test('[R22] fall with the models made since, in integers, and never to nothing', () => {
    expect(weights(0)).toEqual([1024, 1024, 1024, 1024, 1024, 1024]);
    expect(weights(0.5)).toEqual([1024, 724, 591, 512, 102, 32]);
    expect(weights(1)).toEqual([1024, 512, 341, 256, 10, 1]);
    expect(weights(2)).toEqual([1024, 256, 114, 64, 1, 1]);
    expect(stalenessWeight(task, 7)).toBe(1);
    for (const wrong of [-1, 0.5, Number.NaN]) expect(() => stalenessWeight(buffered(1), wrong)).toThrow(/staleness/);
  });

  test('[R16] are in the bound on a sum, with all who may be in it', () => {
    const weighted = { ...task, weights: { sales: 7 } };
    // 3 x 1.3 are invited; in a buffer are 3 - 1, and all who compute when the last of them comes.
    expect(cohortSumBound(weighted)).toBe(4 * 7 * updateNormBound(task));
    expect(cohortSumBound({ ...buffered(0.5), weights: { sales: 7 } })).toBe(
      (3 + 4) * 7 * 1024 * updateNormBound(task),
    );
  });
});
