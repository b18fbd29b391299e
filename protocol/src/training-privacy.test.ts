import { expect, test } from 'vitest';
import { sampleManifest } from '../testing/sample-manifest.ts';
import { updateCharges } from './training-privacy.ts';
import { stepsWithoutBatches, type TrainingTask } from './training-task.ts';

const task = (privacy: Partial<TrainingTask['privacy']>, localEpochs = 4): TrainingTask => ({
  ...sampleManifest().training!,
  localEpochs,
  privacy: { updateNoiseMultiplier: 0, exampleNoiseMultiplier: 2, delta: 1e-5, ...privacy },
});

test('[B2] full-batch steps are charged as one Gaussian, the whole update to the site', () => {
  expect(updateCharges(task({ updateNoiseMultiplier: 3 }))).toEqual([
    { privacyUnit: 'site', loss: { mechanism: 'gaussian', noiseMultiplier: 3 } },
    { privacyUnit: 'employee', loss: { mechanism: 'gaussian', noiseMultiplier: 1 } },
  ]);
});

test('[B6] sampled steps are charged one by one, 1 / q of them an epoch', () => {
  expect(updateCharges(task({ exampleSamplingRate: 0.03 }))).toEqual([
    {
      privacyUnit: 'employee',
      loss: { mechanism: 'subsampled-gaussian', noiseMultiplier: 2, samplingRate: 0.03, steps: 4 * 33 },
    },
  ]);
  expect([0.9, 0.5, 0.4, 2 ** -12].map((q) => stepsWithoutBatches(task({ exampleSamplingRate: q }, 1)))).toEqual([
    1, 2, 3, 4096,
  ]);
});
