import * as tf from '@tensorflow/tfjs-core';
import type { Network, TrainingEngine } from '../../src/training/engines/engine.ts';
import { loadEngine } from '../../src/training/engines/fastest-engine.ts';
import type { OptionalEngineName } from '../../src/training/engines/select-engine.ts';
import { engineContract } from '../../src/training/testing/engine-contract.ts';

export type ContractResult = {
  failures: string[];
  cases: number;
  leakedTensors: number;
  /** Registered, so fetched by every client that uses the backend, and never called. */
  unusedKernels: string[];
};

/** Runs the engine contract where engines live: in a worker, on the backend that the message names. */
globalThis.addEventListener('message', ({ data }: MessageEvent<OptionalEngineName>) => {
  void run(data).then((result) => globalThis.postMessage(result));
});

async function run(name: OptionalEngineName): Promise<ContractResult> {
  const create = (network: Network): Promise<TrainingEngine> => loadEngine(name, network);
  await create({ layerSizes: [1, 1], activation: 'relu', loss: 'logistic' });
  const unused = watchKernels(name);
  const before = tf.memory().numTensors;
  const failures: string[] = [];
  for (const { name: rule, run: check } of engineContract) {
    await check(create).catch((error: unknown) => failures.push(`${rule}: ${String(error)}`));
  }
  const leakedTensors = tf.memory().numTensors - before;
  return { failures, cases: engineContract.length, leakedTensors, unusedKernels: [...unused].toSorted() };
}

/** @returns names of the backend's kernels, each of which goes as soon as it is called. */
function watchKernels(backend: OptionalEngineName): Set<string> {
  const unused = new Set<string>();
  for (const kernel of tf.getKernelsForBackend(backend)) {
    unused.add(kernel.kernelName);
    tf.unregisterKernel(kernel.kernelName, backend);
    tf.registerKernel({
      ...kernel,
      kernelFunc(parameters) {
        unused.delete(kernel.kernelName);
        return kernel.kernelFunc(parameters);
      },
    });
  }
  return unused;
}
