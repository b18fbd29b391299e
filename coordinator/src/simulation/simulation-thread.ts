import { parentPort, workerData } from 'node:worker_threads';
import { simulate, type SimulationOptions } from './simulation.ts';
import type { SimulationResult } from './simulation-result.ts';
import { openSimulationStore, type SimulationPlace } from './simulation-store.ts';

/** What one thread is to do. */
export type ThreadTask = Omit<SimulationOptions, 'store' | 'trace' | 'serve' | 'onProgress'> & {
  place: SimulationPlace;
};

/** What it tells: how many rounds it has ended, and at last what they came to. */
export type ThreadMessage = { type: 'progress'; rounds: number } | { type: 'result'; result: SimulationResult };

const { place, ...options } = workerData as ThreadTask;
// Refusals are many and expected, and so are their stacks.
Error.stackTraceLimit = 0;
const tell = (message: ThreadMessage): void => parentPort?.postMessage(message);
const { store, close } = await openSimulationStore(place);
const onProgress = (rounds: number): void => tell({ type: 'progress', rounds });
const result = await simulate({ ...options, store, onProgress }).finally(close);
tell({ type: 'result', result });
