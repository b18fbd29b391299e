import { runInThread } from '../run-in-thread.ts';

export type MiddleSumJob = { vectors: Int32Array<ArrayBuffer>[]; omitted: number };

/**
 * `middleSum` in a thread of its own. The vectors are handed over, not copied: they are empty here afterwards.
 * @throws ChoraleError `INTERNAL` when the thread fails or the signal ends it.
 */
export function middleSumInThread(job: MiddleSumJob, signal: AbortSignal): Promise<Float64Array> {
  const transfer = job.vectors.map((vector) => vector.buffer);
  return runInThread(new URL('./middle-sum-worker.ts', import.meta.url), job, { transfer, signal });
}
