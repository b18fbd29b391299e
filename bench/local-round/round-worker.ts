import { secureRandom } from '@chorale/privacy';
import type { TrainingTask } from '@chorale/protocol';
import type { Network, TrainingEngine } from '../../sdk/src/training/engines/engine.ts';
import { loadEngine } from '../../sdk/src/training/engines/fastest-engine.ts';
import { TypedArrayEngine } from '../../sdk/src/training/engines/typed-array-engine.ts';
import { localRound, localSteps } from '../../sdk/src/training/local-round.ts';
import { taskNetwork } from '../../sdk/src/training/task-network.ts';
import { denseRows, initialParameters, roundTask } from './problem.ts';

export type RoundsRequest = { engine: 'typed-arrays' | 'wasm' | 'autodiff'; hidden: number[]; runs: number };
/** Milliseconds of each round; those of a number are from the same moment. */
export type RoundTimes = { parameters: number; plain: number[]; private: number[] };

const engines: Record<RoundsRequest['engine'], (network: Network) => Promise<TrainingEngine>> = {
  'typed-arrays': async (network) => new TypedArrayEngine(network),
  wasm: (network) => loadEngine('wasm', network),
  autodiff: async (network) => (await import('./autodiff-engine.ts')).AutodiffEngine.create(network),
};

globalThis.addEventListener('message', ({ data }: MessageEvent<RoundsRequest>) => {
  run(data).then(
    (times) => globalThis.postMessage(times),
    // Becomes an error of the worker, which the page hears of.
    (error: unknown) => globalThis.reportError(error),
  );
});

/** Rounds with and without privacy by turns, so that other work on the machine meets both. */
async function run({ engine: name, hidden, runs }: RoundsRequest): Promise<RoundTimes> {
  const task = roundTask(hidden);
  const parameters = initialParameters(task);
  const options = { training: denseRows(200), parameters, engine: await engines[name](taskNetwork(task)) };
  const times: RoundTimes = { parameters: parameters.length, plain: [], private: [] };
  for (let i = 0; i <= runs; i += 1) {
    const begin = performance.now();
    await plainRound({ ...options, task });
    const middle = performance.now();
    await localRound({ ...options, task, noiseless: false });
    const end = performance.now();
    // The first of each compiles.
    if (i === 0) continue;
    times.plain.push(middle - begin);
    times.private.push(end - middle);
  }
  return times;
}

/** The same steps with nothing clipped, and an update in 32-bit floats as it is. */
async function plainRound(options: {
  task: TrainingTask;
  training: ReturnType<typeof denseRows>;
  parameters: Float32Array;
  engine: TrainingEngine;
}): Promise<Float32Array> {
  const task = { ...options.task, exampleClippingNorm: Infinity };
  return Float32Array.from(await localSteps({ ...options, task, random: secureRandom() }));
}
