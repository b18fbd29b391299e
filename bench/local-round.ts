import { parameterCount, parseManifest, PROTOCOL_VERSION, type TrainingTask } from '@chorale/protocol';
import { SeededRandom } from '@chorale/privacy/testing';
import { TypedArrayEngine } from '../sdk/src/training/engines/typed-array-engine.ts';
import type { Batch } from '../sdk/src/training/engines/engine.ts';
import { localRound } from '../sdk/src/training/local-round.ts';
import { taskNetwork } from '../sdk/src/training/task-network.ts';
import { medianMs } from './measure.ts';

/** What does privacy cost a local round? The same engine and rows, with and without clipping that binds and noise. */
export async function benchLocalRound(): Promise<void> {
  console.log('local round, typed arrays: 200 rows, 5 epochs, batches of 32');
  console.log('parameters   without privacy   private   ratio');
  for (const hidden of [[64], [512], [2048, 128]]) {
    const task = taskOf(hidden);
    const training = rowsOf(task, 200);
    const parameters = Float32Array.from({ length: parameterCount(task) }, (_, i) => Math.sin(i) / 20);
    const engine = new TypedArrayEngine(taskNetwork(task));
    const plain = withNoise(task, 0, 1e9);
    const noised = withNoise(task, 1, 0.5);
    const options = { engine, training, parameters, noiseless: true };
    const runs = hidden.length > 1 ? 3 : 9;
    const plainMs = await medianMs(() => localRound({ ...options, task: plain }), { runs });
    const noisedMs = await medianMs(() => localRound({ ...options, task: noised }), { runs });
    const cells = [
      parameters.length.toLocaleString('en').padStart(10),
      `${plainMs.toFixed(1)} ms`.padStart(17),
      `${noisedMs.toFixed(1)} ms`.padStart(9),
      (noisedMs / plainMs).toFixed(2).padStart(7),
    ];
    console.log(cells.join(' '));
  }
}

function taskOf(hidden: number[]): TrainingTask {
  const features = Array.from({ length: 57 }, (_, i) => ({ type: 'number', column: `f${i}`, minimum: -1, maximum: 1 }));
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
      exampleClippingNorm: 1,
      privacy: { updateNoiseMultiplier: 0, exampleNoiseMultiplier: 0, delta: 1e-6 },
      cohort: { size: 1, quorum: 1, selectionTimeoutMs: 1, deadlineMs: 1 },
      evaluation: { everyRounds: 1, holdout: 0.2, seed: 1, bins: 10, noiseMultiplier: 0 },
    },
  });
  return manifest.training!;
}

function withNoise(task: TrainingTask, updateNoiseMultiplier: number, exampleClippingNorm: number): TrainingTask {
  return { ...task, exampleClippingNorm, privacy: { ...task.privacy, updateNoiseMultiplier } };
}

function rowsOf(task: TrainingTask, rows: number): Batch {
  const random = new SeededRandom(1);
  const width = task.features.length;
  return {
    inputs: Float32Array.from({ length: rows * width }, () => random.nextUint32() / 2 ** 31 - 1),
    labels: Uint8Array.from({ length: rows }, () => random.nextUint32() & 1),
    rows,
  };
}
