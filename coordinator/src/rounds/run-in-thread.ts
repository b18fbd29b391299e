import { Worker } from 'node:worker_threads';
import { ChoraleError } from '@chorale/protocol';

/**
 * Runs a module in a thread of its own, so that other requests are answered meanwhile, and gives the one message that it
 * posts. The thread ends, and frees what it had, with its answer.
 * @param module reads its job as `workerData`
 * @param options.transfer memory that is handed over, not copied: it is empty here afterwards
 * @throws ChoraleError `INTERNAL` when the thread fails or the signal ends it.
 */
export async function runInThread<T>(
  module: URL,
  job: unknown,
  { transfer = [], signal }: { transfer?: ArrayBuffer[]; signal?: AbortSignal } = {},
): Promise<T> {
  const worker = new Worker(module, { workerData: job, transferList: transfer });
  const end = (): void => void worker.terminate();
  signal?.addEventListener('abort', end, { once: true });
  try {
    return await new Promise<T>((resolve, reject) => {
      const fail = (cause?: unknown): void =>
        reject(new ChoraleError('INTERNAL', 'a thread ended without a result', { cause }));
      worker.once('message', resolve);
      worker.on('error', fail);
      worker.once('exit', () => fail());
    });
  } finally {
    signal?.removeEventListener('abort', end);
  }
}
