import { parentPort, workerData } from 'node:worker_threads';
import { middleSum } from './middle-sum.ts';
import type { MiddleSumJob } from './middle-sum-thread.ts';

// The thread that owns the vectors of one round while it sorts them; it ends, and frees them, with its answer.
const { vectors, omitted } = workerData as MiddleSumJob;
const sums = middleSum(vectors, omitted);
parentPort!.postMessage(sums, [sums.buffer]);
