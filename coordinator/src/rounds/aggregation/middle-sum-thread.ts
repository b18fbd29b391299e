import { Worker } from 'node:worker_threads';
import { ChoraleError } from '@chorale/protocol';

export type MiddleSumJob = { vectors: Int32Array<ArrayBuffer>[]; omitted: number };

/**
 * `middleSum` in a thread of its own, so that other requests are answered meanwhile. The vectors are handed over,
 * not copied: they are empty here afterwards, and freed when the thread ends.
 * @throws ChoraleError `INTERNAL` when the thread fails or the signal ends it.
 */
export async function middleSumInThread(job: MiddleSumJob, signal: AbortSignal): Promise<Float64Array> {
  const worker = new Worker(new URL('./middle-sum-worker.ts', import.meta.url), {
    workerData: job,
    transferList: job.vectors.map((vector) => vector.buffer),
  });
  const end = (): void => void worker.terminate();
  signal.addEventListener('abort', end, { once: true });
  try {
    return await new Promise<Float64Array>((resolve, reject) => {
      const fail = (cause?: unknown): void =>
        reject(new ChoraleError('INTERNAL', 'the thread that aggregates ended without a result', { cause }));
      worker.once('message', resolve);
      worker.on('error', fail);
      worker.once('exit', () => fail());
    });
  } finally {
    signal.removeEventListener('abort', end);
  }
}
