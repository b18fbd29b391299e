import * as tf from '@tensorflow/tfjs-core';
import type { Network, TrainingEngine } from '../../src/training/engines/engine.ts';
import { type OptionalEngineName, loadEngine } from '../../src/training/engines/select-engine.ts';
import { engineContract, problem } from '../../src/training/testing/engine-contract.ts';

export type ContractResult = { failures: string[]; cases: number; leakedTensors: number };

/** Runs the engine contract where engines live: in a worker, on the backend that the message names. */
globalThis.addEventListener('message', ({ data }: MessageEvent<OptionalEngineName>) => {
  void run(data).then((result) => globalThis.postMessage(result));
});

async function run(name: OptionalEngineName): Promise<ContractResult> {
  const create = (network: Network): Promise<TrainingEngine> => loadEngine(name, network);
  const failures: string[] = [];
  for (const { name: rule, run: check } of engineContract) {
    await check(create).catch((error: unknown) => failures.push(`${rule}: ${String(error)}`));
  }
  return { failures, cases: engineContract.length, leakedTensors: await leakedTensors(create) };
}

async function leakedTensors(create: (network: Network) => Promise<TrainingEngine>): Promise<number> {
  const network: Network = { layerSizes: [11, 7, 3, 1], activation: 'relu' };
  const { parameters, batch } = problem(network, 33);
  const engine = await create(network).catch(() => undefined);
  if (engine === undefined) return 0;
  const before = tf.memory().numTensors;
  await engine.clippedGradientSum(parameters, batch, 1);
  await engine.scores(parameters, batch);
  return tf.memory().numTensors - before;
}
