import { layerSizes, type ModelCard, parameterCount, type TrainingTask } from '@chorale/protocol';
import { taskNetwork, TypedArrayEngine } from '@chorale/sdk/training';
import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { runCoordinator } from '../../testing/running-coordinator.ts';
import { temporaryFolder } from '../../testing/temporary-folder.ts';
import { storeModel } from '../rounds/testing/round-record.ts';
import { siteTask, trainedManifest } from '../rounds/testing/study.ts';

const { bins: _bins, ...evaluation } = siteTask().evaluation;
const networks: [string, Partial<TrainingTask>][] = [
  ['logistic regression', { model: { hidden: [], activation: 'relu' } }],
  ['one layer of relu', { model: { hidden: [7], activation: 'relu' } }],
  ['three layers of tanh', { model: { hidden: [5, 9, 4], activation: 'tanh' } }],
  ['linear regression', { label: { type: 'number', column: 'Salary', minimum: 1000, maximum: 5000 } }],
  [
    'a softmax of three categories',
    {
      label: { type: 'category', column: 'Mood', categories: ['low', 'middling', 'high'] },
      model: { hidden: [6], activation: 'tanh' },
      evaluation,
    },
  ],
];

it.each(networks)('tfjs loads the trained model and scores as our own network does: %s', async (_, changes) => {
  const task = siteTask(changes);
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
  const engine = new TypedArrayEngine(taskNetwork(task));
  const expected = await engine.scores(parameters, { rows, inputs, labels: new Uint8Array(rows) });
  expect(new Set(expected).size).toBe(rows * layerSizes(task).at(-1)!);
  scores.forEach((score, i) => expect(score).toBeCloseTo(expected[i]!, 5));
  expect(loaded.getUserDefinedMetadata()).toMatchObject({ study: 'attrition', modelRound: 1 });
  const card = (await (await fetch(new URL('/api/v1/studies/attrition/model/card', url))).json()) as ModelCard;
  expect(card).toMatchObject({
    modelRound: 1,
    predicts: task.label,
    network: { layerSizes: layerSizes(task) },
    accuracy: null,
  });
  expect(card.columns.flatMap((column) => column.inputs)).toHaveLength(width);
});
