import { layerSizes, type ModelCard, parameterCount, type TrainingTask } from '@chorale/protocol';
import { TypedArrayEngine } from '@chorale/sdk/training';
import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { runCoordinator } from '../../testing/running-coordinator.ts';
import { temporaryFolder } from '../../testing/temporary-folder.ts';
import { storeModel } from '../rounds/testing/round-record.ts';
import { siteTask, trainedManifest } from '../rounds/testing/study.ts';

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
  expect((await first.get('/api/v1/studies/attrition/model/card')).status).toBe(404);
  await first.close();
  await storeModel(dataFolder, parameters);
  const { url } = await runCoordinator({ dataFolder });

  const loaded = await tf.loadLayersModel(new URL('/api/v1/studies/attrition/model', url).href);
  const rows = 5;
  const [width = 0] = layerSizes(task);
  const inputs = Float32Array.from({ length: rows * width }, (_value, i) => Math.cos(3 * i));
  const scores = await (loaded.predict(tf.tensor2d(inputs, [rows, width])) as tf.Tensor).data();
  const engine = new TypedArrayEngine({ layerSizes: layerSizes(task), activation: model.activation });
  const expected = await engine.scores(parameters, { rows, inputs, labels: new Uint8Array(rows) });
  expect(new Set(expected).size).toBe(rows);
  scores.forEach((score, row) => expect(score).toBeCloseTo(expected[row]!, 5));
  expect(loaded.getUserDefinedMetadata()).toMatchObject({ study: 'attrition', modelRound: 1 });
  const card = (await (await fetch(new URL('/api/v1/studies/attrition/model/card', url))).json()) as ModelCard;
  expect(card).toMatchObject({ modelRound: 1, network: { layerSizes: layerSizes(task) }, accuracy: null });
  expect(card.columns.flatMap((column) => column.inputs)).toHaveLength(width);
});
