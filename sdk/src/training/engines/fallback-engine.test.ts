import * as tf from '@tensorflow/tfjs-core';
import { expect, onTestFinished, test } from 'vitest';
import { problem } from '../testing/engine-contract.ts';
import type { Network, TrainingEngine } from './engine.ts';
import { FallbackEngine } from './fallback-engine.ts';
import { TfjsEngine } from './tfjs-engine.ts';
import { TypedArrayEngine } from './typed-array-engine.ts';

tf.env().set('IS_NODE', false);
const network: Network = { layerSizes: [11, 5, 1], activation: 'relu', loss: 'logistic' };
const { parameters, batch } = problem(network, 33);
const cpu = (): Promise<TfjsEngine> => TfjsEngine.create('cpu', network, () => import('@tensorflow/tfjs-backend-cpu'));

test('an engine whose backend goes away hands over to typed arrays, once and for good', async () => {
  const reasons: string[] = [];
  const engine = new FallbackEngine(await cpu(), { network, onFallback: (reason) => reasons.push(reason) });
  expect(engine.name).toBe('cpu');
  const before = await engine.clippedGradientSum(parameters, batch, 1);
  const factory = tf.findBackendFactory('cpu');
  onTestFinished(() => void tf.registerBackend('cpu', factory));
  tf.removeBackend('cpu');
  const after = await engine.clippedGradientSum(parameters, batch, 1);
  for (const [i, gradient] of after.gradientSum.entries()) expect(gradient).toBeCloseTo(before.gradientSum[i]!, 4);
  expect(engine.name).toBe('typed-arrays');
  await engine.scores(parameters, batch);
  expect(reasons).toEqual(['cpu failed while training (cpu is not offered here)']);
});

test('an engine that gives what is no number hands over too', async () => {
  const typed = new TypedArrayEngine(network);
  const broken: TrainingEngine = {
    name: 'webgl',
    async clippedGradientSum(p, b, bound) {
      const result = await typed.clippedGradientSum(p, b, bound);
      return { ...result, gradientSum: result.gradientSum.fill(NaN, 3, 4) };
    },
    loss: (p, b) => typed.loss(p, b),
    scores: (p, b) => typed.scores(p, b),
    dispose() {
      throw new Error('the context is lost');
    },
  };
  const reasons: string[] = [];
  const engine = new FallbackEngine(broken, { network, onFallback: (reason) => reasons.push(reason) });
  const { gradientSum } = await engine.clippedGradientSum(parameters, batch, 1);
  expect(gradientSum).toEqual((await typed.clippedGradientSum(parameters, batch, 1)).gradientSum);
  expect(reasons).toEqual(['webgl failed while training (it gave what is no number)']);
});

test('typed arrays never hand over: a row that overflows adds nothing to their sum', async () => {
  const engine = new FallbackEngine(new TypedArrayEngine(network), { network, onFallback: () => expect.unreachable() });
  const { gradientSum, clippedFraction } = await engine.clippedGradientSum(parameters.with(0, NaN), batch, 1);
  expect(gradientSum.every(Number.isFinite)).toBe(true);
  expect(clippedFraction).toBe(1);
});
