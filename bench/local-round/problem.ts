import { parameterCount, parseManifest, PROTOCOL_VERSION, type TrainingTask } from '@chorale/protocol';
import { SeededRandom } from '@chorale/privacy/testing';
import type { Batch } from '../../sdk/src/training/engines/engine.ts';
import type { EncodedRecords } from '../../sdk/src/training/features.ts';

const inputs = 57;

/** A site's task: five epochs in batches of 32, with noise on the update and gradients that are clipped. */
export function roundTask(hidden: number[]): TrainingTask {
  const features = Array.from({ length: inputs }, (_, i) => ({
    type: 'number',
    column: `f${i}`,
    minimum: -1,
    maximum: 1,
  }));
  const manifest = parseManifest({
    protocol: PROTOCOL_VERSION,
    id: 'bench',
    title: 'Bench',
    simulated: true,
    groups: { attribute: 'site', label: 'Site', values: [{ id: 'a', label: 'A' }] },
    publishing: { minimumGroupSize: 3, maximumMargin: 0.25 },
    training: {
      clients: 'site',
      features,
      label: { column: 'y', positive: '1', negative: '0' },
      model: { hidden, activation: 'relu' },
      rounds: 1,
      localEpochs: 5,
      batchSize: 32,
      learningRate: 0.05,
      clippingNorm: 1,
      exampleClippingNorm: 0.5,
      privacy: { updateNoiseMultiplier: 1, exampleNoiseMultiplier: 0, delta: 1e-6 },
      cohort: { size: 1, quorum: 1, selectionTimeoutMs: 1, deadlineMs: 1 },
      evaluation: { everyRounds: 1, holdout: 0.2, seed: 1, bins: 10, noiseMultiplier: 0 },
    },
  });
  return manifest.training!;
}

/** As dense as rows can be: no input is zero. */
export function denseRows(rows: number): Batch & EncodedRecords {
  const random = new SeededRandom(1);
  return {
    inputs: Float32Array.from({ length: rows * inputs }, () => random.nextUint32() / 2 ** 31 - 1),
    labels: Uint8Array.from({ length: rows }, () => random.nextUint32() & 1),
    rows,
    warnings: [],
  };
}

export function initialParameters(task: TrainingTask): Float32Array {
  return Float32Array.from({ length: parameterCount(task) }, (_, i) => Math.sin(i) / 20);
}
