import type { TrainingTask } from '@chorale/protocol';
import { createTrainingWorker } from '../../src/training/create-worker.ts';
import { readCsv } from '../../src/training/csv.ts';
import { encodeTable } from '../../src/training/features.ts';
import { TrainingWorker, type TrainingWorkerOptions } from '../../src/training/training-worker.ts';
import type { ContractResult } from './contract-worker.ts';

type Work = { task: TrainingTask; csv: string; options?: Partial<TrainingWorkerOptions> };
type Outcome = { integers: number[]; engine: { name: string; reason: string } };

/** What the tests call in the page; `messages` is everything that workers said to it. */
const training = {
  messages: [] as Record<string, unknown>[],
  progress: [] as { step: number; steps: number }[],

  /** Runs the engine contract in a worker. */
  contract(name: string): Promise<ContractResult> {
    const worker = new Worker(new URL('./contract-worker.ts', import.meta.url), { type: 'module' });
    return new Promise((resolve, reject) => {
      worker.addEventListener('message', ({ data }) => resolve(data));
      worker.addEventListener('error', (event) => reject(new Error(event.message)));
      worker.postMessage(name);
    });
  },

  async start({ task, csv, options = {} }: Work): Promise<TrainingWorker> {
    const records = encodeTable(task, await readCsv(new File([csv], 'employees.csv')));
    return TrainingWorker.start({
      task,
      records,
      noiseless: true,
      onProgress: (progress) => {
        training.progress.push(progress);
        globalThis.dispatchEvent(new Event('progress'));
      },
      async createWorker() {
        const worker = await createTrainingWorker();
        worker.addEventListener('message', ({ data }) => training.messages.push(data));
        return worker;
      },
      ...options,
    });
  },

  /** Starts, trains or evaluates once, ends. */
  async once(kind: 'train' | 'evaluate', work: Work, parameters: number[]): Promise<Outcome> {
    const worker = await training.start(work);
    try {
      const integers = await worker[kind]({ parameters: Float32Array.from(parameters), modelRound: 0 });
      return { integers: [...integers], engine: worker.engine };
    } finally {
      worker.terminate();
    }
  },

  /** Trains from one model after the other in one worker; updates are kept as charged or forgotten. */
  async rounds(work: Work, models: number[][], kept: boolean): Promise<number[][]> {
    const worker = await training.start(work);
    try {
      const updates: number[][] = [];
      for (const [modelRound, parameters] of models.entries()) {
        updates.push([...(await worker.train({ parameters: Float32Array.from(parameters), modelRound }))]);
        if (kept) worker.keep();
      }
      return updates;
    } finally {
      worker.terminate();
    }
  },

  /** What a rejected promise was rejected with. */
  async failure(work: Promise<unknown>): Promise<{ name: string; code: unknown; message: string }> {
    const error: unknown = await work.then(
      () => new Error('nothing failed'),
      (reason: unknown) => reason,
    );
    if (!(error instanceof Error || error instanceof DOMException)) throw new TypeError('not an error');
    return { name: error.name, code: 'code' in error ? error.code : undefined, message: error.message };
  },

  nextProgress(): Promise<void> {
    return new Promise((resolve) => {
      globalThis.addEventListener('progress', () => resolve(), { once: true });
    });
  },
};

export type TrainingPage = typeof training;
declare global {
  var training: TrainingPage;
}
globalThis.training = training;
