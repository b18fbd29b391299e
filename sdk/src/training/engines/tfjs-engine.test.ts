import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { engineContract, problem } from '../testing/engine-contract.ts';
import type { Network } from './engine.ts';
import { TfjsEngine } from './tfjs-engine.ts';
import { TypedArrayEngine } from './typed-array-engine.ts';

// tfjs advertises its native package otherwise.
tf.env().set('IS_NODE', false);
const create = (network: Network): Promise<TfjsEngine> =>
  TfjsEngine.create('cpu', network, () => import('@tensorflow/tfjs-backend-cpu'));

for (const { name, run } of engineContract) test(`tfjs cpu: ${name}`, () => run(create));

test('no tensor outlives a call', async () => {
  const network: Network = { layerSizes: [11, 7, 3, 1], activation: 'relu', loss: 'logistic' };
  const { parameters, batch } = problem(network, 33);
  const engine = await create(network);
  const before = tf.memory().numTensors;
  await engine.clippedGradientSum(parameters, batch, 1);
  await engine.loss(parameters, batch);
  await engine.scores(parameters, batch);
  expect(tf.memory().numTensors).toBe(before);
});

test('a disposed backend can be created again', async () => {
  const network: Network = { layerSizes: [11, 1], activation: 'relu', loss: 'logistic' };
  const { parameters, batch } = problem(network, 5);
  (await create(network)).dispose();
  expect(await (await create(network)).scores(parameters, batch)).toHaveLength(5);
});

test('a backend that nothing registered is refused', async () => {
  const network: Network = { layerSizes: [11, 1], activation: 'relu', loss: 'logistic' };
  await expect(TfjsEngine.create('webgpu', network, async () => {})).rejects.toThrow('webgpu is not offered here');
});

test("without clipping it agrees with tfjs's own differentiation on the cpu backend", async () => {
  // The whole of tfjs registers the gradients of the operations.
  await import('@tensorflow/tfjs');
  await create({ layerSizes: [11, 1], activation: 'relu', loss: 'logistic' });
  const network: Network = { layerSizes: [11, 5, 1], activation: 'tanh', loss: 'logistic' };
  const { parameters, batch } = problem(network, 33);
  const expected = tf.tidy(() => {
    const inputs = tf.tensor2d(batch.inputs, [33, 11]);
    const labels = tf.tensor2d(Float32Array.from(batch.labels), [33, 1]);
    const slope = tf.grad((flat: tf.Tensor) => {
      const [w1, b1, w2, b2] = tf.split(flat, [55, 5, 5, 1]) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
      const hidden = tf.tanh(tf.add(tf.matMul(inputs, tf.reshape(w1, [11, 5])), b1));
      const logits = tf.add(tf.matMul(hidden, tf.reshape(w2, [5, 1])), b2);
      return tf.sum(tf.sub(tf.softplus(logits), tf.mul(labels, logits)));
    });
    return slope(tf.tensor1d(parameters)).dataSync();
  });
  const { gradientSum } = await new TypedArrayEngine(network).clippedGradientSum(parameters, batch, Infinity);
  for (const [i, value] of gradientSum.entries()) expect(value).toBeCloseTo(expected[i]!, 4);
});
