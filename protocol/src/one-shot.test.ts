import { describe, expect, it } from 'vitest';
import { sampleManifest } from '../testing/sample-manifest.ts';
import {
  ChoraleError,
  gramLength,
  GRID_STEPS,
  heldUpdateBytes,
  limits,
  parameterCount,
  parseManifest,
  type TrainingTask,
  updateCharges,
  updateLength,
  updateNoiseStddev,
  updateSensitivity,
} from './index.ts';
import { updateNormBound } from './update-mechanism.ts';

const noise = { updateNoiseMultiplier: 0, exampleNoiseMultiplier: 2, delta: 1e-5 };
const gram = { oneShot: { rule: 'gram-matrix' } } as const;
const difference = { oneShot: { rule: 'class-mean-difference', expectedShare: 0.2 } } as const;

/** A one-shot task of sites that every manifest may have: 1 number and 3 categories, 4 inputs. */
function oneShot(changes: Partial<TrainingTask> = {}): TrainingTask {
  return {
    ...sampleManifest().training!,
    model: { hidden: [], activation: 'relu' },
    rounds: 1,
    localEpochs: 1,
    learningRate: 1,
    clippingNorm: 300,
    privacy: noise,
    algorithm: gram,
    ...changes,
  };
}

function parsed(training: TrainingTask): TrainingTask {
  return parseManifest({ ...sampleManifest(), training }).training!;
}

describe('a one-shot task', () => {
  const employees: Partial<TrainingTask> = {
    clients: 'employee',
    clippingNorm: 1.5,
    privacy: { ...noise, updateNoiseMultiplier: 1, exampleNoiseMultiplier: 0 },
  };

  it.each([
    ['sites, noise on the rows', {}],
    ['sites, noise on the update', { privacy: { ...noise, updateNoiseMultiplier: 1 } }],
    ['employees', employees],
    ['a class mean difference', { algorithm: difference, clippingNorm: 200, bitsPerParameter: 16 }],
    ['a difference of employees', { ...employees, algorithm: difference, clippingNorm: 1 }],
  ] as [string, Partial<TrainingTask>][])('[T5] may be of %s', (_, changes) => {
    expect(parsed(oneShot(changes))).toEqual(oneShot(changes));
  });

  it.each([
    ['a client rule', { algorithm: { ...gram, client: { rule: 'fed-avg' } } }, /needs no client or server rule/],
    ['a server rule', { algorithm: { ...gram, server: { rule: 'average' } } }, /needs no client or server rule/],
    [
      'a label of numbers',
      { label: { type: 'number', column: 'pay', minimum: 0, maximum: 1 } },
      /a label of two values/,
    ],
    ['hidden layers', { model: { hidden: [3], activation: 'tanh' } }, /needs model\.hidden to be empty/],
    ['several rounds', { rounds: 2 }, /needs rounds, localEpochs and learningRate of 1/],
    ['passes over rows', { localEpochs: 2 }, /localEpochs and learningRate of 1/],
    ['a step size', { learningRate: 0.5 }, /learningRate of 1/],
    [
      'batches',
      { batchSize: 8, privacy: { ...noise, updateNoiseMultiplier: 1, exampleNoiseMultiplier: 0 } },
      /batchSize null/,
    ],
    ['samples of rows', { privacy: { ...noise, exampleSamplingRate: 0.1 } }, /needs no exampleSamplingRate/],
    ['rows of one employee', { employeeColumn: 'id' }, /needs no employeeColumn/],
    [
      'buffers',
      {
        asynchronous: { maximumStaleness: 1, stalenessExponent: 0 },
        cohort: { ...sampleManifest().training!.cohort, quorum: 3 },
      },
      /not asynchronous/,
    ],
    [
      'a bounded mean',
      { aggregation: { rule: 'norm-bounded-mean', normBound: 1 } },
      /needs the aggregation rule "mean"/,
    ],
    ['weights', { weights: { sales: 3 } }, /"gram-matrix" needs no weights/],
    ['a bound below one row', { clippingNorm: 1.49 }, /"gram-matrix" needs a clippingNorm of at least 1\.5/],
    ['one below one difference', { clippingNorm: 0.9, algorithm: difference }, /clippingNorm of at least 1,/],
    [
      'a share of nothing',
      { algorithm: { oneShot: { rule: 'class-mean-difference', expectedShare: 0 } } },
      /expectedShare/,
    ],
    ['an unknown rule', { algorithm: { oneShot: { rule: 'fisher' } } }, /training\.algorithm\.oneShot\.rule/],
    ['noise on rows of employees', { clients: 'employee' }, /exampleNoiseMultiplier needs clients "site"/],
    [
      'more inputs than its matrix may have',
      { features: Array.from({ length: 11 }, (_, i) => wide(`c${i}`, i < 10 ? 50 : 2)), clippingNorm: 1.5 },
      /"gram-matrix" needs at most 500 inputs/,
    ],
  ] as [string, object, RegExp][])('[S2] [T5] with %s is refused, naming the rule', (_, changes, message) => {
    expect(() => parsed({ ...oneShot(), ...changes })).toThrow(ChoraleError);
    expect(() => parsed({ ...oneShot(), ...changes })).toThrow(message);
  });

  it('a difference of as many inputs is no larger than a row', () => {
    const features = Array.from({ length: 11 }, (_, i) => wide(`c${i}`, 50));
    expect(updateLength(parsed(oneShot({ features, algorithm: difference })))).toBe(550);
  });
});

function wide(column: string, categories: number): TrainingTask['features'][number] {
  return { type: 'category', column, categories: Array.from({ length: categories }, (_, i) => `${i}`) };
}

describe('its update', () => {
  it('[P2] is as long as its statistics, whatever the model has of parameters', () => {
    expect(parameterCount(oneShot())).toBe(5);
    // 10 products, 4 + 4 sums of rows, a label and a count.
    expect(updateLength(oneShot())).toBe(20);
    expect(gramLength(4)).toBe(19);
    expect(updateLength(oneShot({ algorithm: difference }))).toBe(4);
    expect(updateLength(sampleManifest().training!)).toBe(19);
    expect(gramLength(limits.gramInputs)).toBeLessThan(limits.parameters);
    expect(heldUpdateBytes(oneShot())).toBe(0);
  });

  it('[B2] has a smaller sensitivity where its vectors are never more than a right angle apart', () => {
    expect(updateSensitivity(oneShot({ privacy: { ...noise, exampleNoiseMultiplier: 0 } }))).toBeCloseTo(
      Math.SQRT2 * GRID_STEPS + 2 * Math.sqrt(20) + 1,
      6,
    );
    // Noise of the rows' own points anywhere, and a difference of classes has opposites.
    expect(updateSensitivity(oneShot())).toBe(2 * GRID_STEPS);
    expect(updateSensitivity(oneShot({ algorithm: difference }))).toBe(2 * GRID_STEPS);
    expect(updateSensitivity(sampleManifest().training!)).toBe(2 * GRID_STEPS);
  });

  it('[B2] [B3] is noised and charged by that sensitivity, and bounded by its own length', () => {
    const task = oneShot({ privacy: { ...noise, updateNoiseMultiplier: 3, exampleNoiseMultiplier: 0 } });
    expect(updateNoiseStddev(task)).toBe(3 * updateSensitivity(task));
    expect(updateNormBound(task)).toBeGreaterThan(GRID_STEPS + updateNoiseStddev(task) * Math.sqrt(20));
    expect(updateNormBound(oneShot())).toBe(GRID_STEPS);
    expect(updateCharges(task)).toEqual([{ privacyUnit: 'site', loss: { mechanism: 'gaussian', noiseMultiplier: 3 } }]);
    expect(updateCharges(oneShot())).toEqual([
      { privacyUnit: 'employee', loss: { mechanism: 'gaussian', noiseMultiplier: 2 } },
    ]);
  });
});
