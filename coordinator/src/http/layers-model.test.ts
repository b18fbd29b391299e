import { layerSizes, parameterCount, type TrainingTask } from '@chorale/protocol';
import { taskNetwork, TypedArrayEngine } from '@chorale/sdk/training';
import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { runCoordinator } from '../../testing/running-coordinator.ts';
import { temporaryFolder } from '../../testing/temporary-folder.ts';
import { siteTask, trainedManifest } from '../rounds/testing/study.ts';
import { SqliteStore } from '../storage/sqlite-store.ts';
import type { RoundRecord } from '../storage/store.ts';

const networks: [string, TrainingTask['model']][] = [
  ['logistic regression', { hidden: [], activation: 'relu' }],
  ['one layer of relu', { hidden: [7], activation: 'relu' }],
  ['three layers of tanh', { hidden: [5, 9, 4], activation: 'tanh' }],
];

it.each(networks)('tfjs loads the trained model and scores as our own network does: %s', async (_, model) => {
  const task = siteTask({ model });
  const dataFolder = temporaryFolder();
  const parameters = Float32Array.from({ length: parameterCount(task) }, (_value, i) => Math.sin(7 * i + 1));
  const manifest = trainedManifest(task);
  const first = await runCoordinator({ manifests: [manifest], dataFolder });
  expect((await first.get('/api/v1/studies/attrition/model')).status).toBe(404);
  await first.close();
  await storeModel(dataFolder, parameters);
  const { url } = await runCoordinator({ dataFolder });

  const loaded = await tf.loadLayersModel(new URL('/api/v1/studies/attrition/model', url).href);
  const rows = 5;
  const [width = 0] = layerSizes(task);
  const inputs = Float32Array.from({ length: rows * width }, (_value, i) => Math.cos(3 * i));
  const scores = await (loaded.predict(tf.tensor2d(inputs, [rows, width])) as tf.Tensor).data();
  const engine = new TypedArrayEngine(taskNetwork(task));
  const expected = await engine.scores(parameters, { rows, inputs, labels: new Uint8Array(rows) });
  expect(new Set(expected).size).toBe(rows);
  scores.forEach((score, row) => expect(score).toBeCloseTo(expected[row]!, 5));
  expect(loaded.getUserDefinedMetadata()).toMatchObject({ study: 'attrition', modelRound: 1 });
});

/** A committed first round with these parameters, as a coordinator leaves it. */
async function storeModel(folder: string, parameters: Float32Array<ArrayBuffer>): Promise<void> {
  const store = await SqliteStore.open(folder);
  const round: RoundRecord = {
    study: 'attrition',
    round: 1,
    kind: 'train',
    state: 'open',
    modelRound: 0,
    cohort: 2,
    accepted: 0,
    dropouts: 0,
    startedAt: '2026-11-01T00:00:00.000Z',
    endedAt: null,
    reason: null,
    histogram: null,
    shape: null,
  };
  await store.openRound(round);
  const ended = { ...round, state: 'committed' as const, accepted: 2, endedAt: '2026-11-01T00:01:00.000Z' };
  await store.endRound(ended, { study: 'attrition', modelRound: 1, parameters });
  await store.close();
}
