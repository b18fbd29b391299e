import { splitClippedCountNoise } from '@chorale/privacy';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sampleManifest } from '../testing/sample-manifest.ts';
import {
  type AdaptiveClipping,
  afterRounding,
  GRID_STEPS,
  indicatorSteps,
  noisedNormBound,
  parameterCount,
  parseManifest,
  roundClippingNorm,
  type TrainingTask,
  updateFormat,
  updateLength,
  updateNoiseStddev,
  updateSensitivity,
} from './index.ts';

const adaptiveClipping: AdaptiveClipping = {
  quantile: 0.5,
  learningRate: 0.2,
  minimum: 0.1,
  maximum: 10,
  indicatorShare: 0.1,
};
const task = (changes: Partial<TrainingTask> = {}): TrainingTask => ({
  ...sampleManifest().training!,
  clippingNorm: 1.3,
  adaptiveClipping,
  ...changes,
});
const parsed = (changes: Partial<TrainingTask>): unknown =>
  parseManifest({ ...sampleManifest(), training: task(changes) });

describe('[B11] a clipping norm that adapts', () => {
  test('costs what one Gaussian of the multiplier does, split as the paper says', () => {
    const share = fc.double({ min: 0.001, max: 0.5, noNaN: true });
    const multiplier = fc.double({ min: 0.3, max: 50, noNaN: true });
    fc.assert(
      fc.property(share, multiplier, (indicatorShare, updateNoiseMultiplier) => {
        const privacy = { ...task().privacy, updateNoiseMultiplier };
        const own = task({ privacy, adaptiveClipping: { ...adaptiveClipping, indicatorShare } });
        const stddev = updateNoiseStddev(own);
        const steps = indicatorSteps(own.adaptiveClipping!, GRID_STEPS);
        const split = splitClippedCountNoise({
          noiseMultiplier: updateNoiseMultiplier,
          expectedClients: 1,
          neighboringRelation: 'replace-one',
          countNoiseStddev: stddev / (2 * steps),
        });
        const exact = stddev / (2 * GRID_STEPS);
        // The sensitivity is in whole steps, upwards, so there is never less noise than the split asks for.
        expect(exact / split.updateNoiseMultiplier).toBeGreaterThanOrEqual(1 - 1e-12);
        expect(exact / split.updateNoiseMultiplier).toBeLessThan(1 + 2 / GRID_STEPS);
        const realized = steps ** 2 / (GRID_STEPS ** 2 + steps ** 2);
        expect(Math.abs(realized / indicatorShare - 1)).toBeLessThan(1e-3);
        expect(steps).toBeLessThanOrEqual(GRID_STEPS);
      }),
    );
  });

  test('makes updates one number longer, and honest ones stay within what is accepted', () => {
    const plain: TrainingTask = { ...task(), adaptiveClipping: undefined };
    expect(updateLength(task())).toBe(parameterCount(task()) + 1);
    expect(updateLength(plain)).toBe(parameterCount(task()));
    expect(updateSensitivity(task())).toBeGreaterThan(updateSensitivity(plain));
    for (const bitsPerParameter of [8, 16, 32] as const) {
      const own = task({ bitsPerParameter, privacy: { ...task().privacy, updateNoiseMultiplier: 0 } });
      const longest = Math.hypot(GRID_STEPS, indicatorSteps(adaptiveClipping, GRID_STEPS));
      expect(noisedNormBound(own)).toBeCloseTo(longest, 6);
      expect(afterRounding(own, noisedNormBound(own))).toBeGreaterThanOrEqual(noisedNormBound(own));
      expect(updateFormat(own).unit * 2 ** (bitsPerParameter - 1)).toBeGreaterThanOrEqual(GRID_STEPS);
    }
  });

  test('a device takes any norm within the bounds that it agreed to, in single precision, and no other', () => {
    expect(roundClippingNorm(task(), 2.5)).toBe(2.5);
    for (const bound of [0.1, 10]) expect(roundClippingNorm(task(), Math.fround(bound))).toBe(Math.fround(bound));
    const refused = [undefined, 0, -1, Math.fround(0.1) - 1e-8, 10.001, Infinity, Number.NaN];
    for (const norm of refused) {
      expect(() => roundClippingNorm(task(), norm), `${norm}`).toThrow(
        expect.objectContaining({ code: 'MESSAGE_MALFORMED', message: expect.stringContaining(`${norm ?? 'none'}`) }),
      );
    }
    const plain: TrainingTask = { ...task(), adaptiveClipping: undefined };
    expect(roundClippingNorm(plain, undefined)).toBe(1.3);
    expect(() => roundClippingNorm(plain, 1.3)).toThrow('that of the study in all rounds');
  });

  test.each<[string, Partial<TrainingTask>]>([
    ['a clippingNorm within its bounds', { clippingNorm: 20 }],
    ['a clippingNorm within its bounds', { clippingNorm: 0.05 }],
    ['the aggregation rule "mean"', { aggregation: { rule: 'norm-bounded-mean', normBound: 2 } }],
    [
      'rounds of one cohort',
      {
        asynchronous: { maximumStaleness: 2, stalenessExponent: 0.5 },
        cohort: { ...sampleManifest().training!.cohort, quorum: sampleManifest().training!.cohort.size },
      },
    ],
    [
      'noise in the place of privacy.updateMechanism',
      {
        clients: 'employee',
        privacy: {
          updateNoiseMultiplier: 0,
          exampleNoiseMultiplier: 0,
          delta: 1e-5,
          updateMechanism: { mechanism: 'priv-unit', epsilon: 2 },
        },
      },
    ],
  ])('needs %s', (what, changes) => {
    expect(() => parsed(changes)).toThrow(
      expect.objectContaining({
        code: 'MANIFEST_INVALID',
        message: expect.stringContaining(`adaptiveClipping needs ${what}`),
      }),
    );
  });

  test('is refused out of range, naming the path', () => {
    const wrong: Partial<AdaptiveClipping>[] = [
      { quantile: 0 },
      { quantile: 1 },
      { learningRate: 0 },
      { learningRate: 1.1 },
      { minimum: 0 },
      { maximum: 0.1 },
      { indicatorShare: 0 },
      { indicatorShare: 0.51 },
    ];
    for (const change of wrong) {
      expect(() => parsed({ adaptiveClipping: { ...adaptiveClipping, ...change } }), JSON.stringify(change)).toThrow(
        expect.objectContaining({ code: 'MANIFEST_INVALID', message: expect.stringContaining('adaptiveClipping') }),
      );
    }
    expect(parsed({})).toMatchObject({ training: { adaptiveClipping } });
  });
});
