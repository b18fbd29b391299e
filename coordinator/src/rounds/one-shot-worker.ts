import { parentPort, workerData } from 'node:worker_threads';
import { nextModel } from '@chorale/training';
import type { OneShotJob } from './one-shot-thread.ts';

// The thread that makes the model of one study; it ends with its answer.
const { task, model, released } = workerData as OneShotJob;
parentPort!.postMessage(nextModel(task, model, released));
