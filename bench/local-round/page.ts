import { TrainingWorker } from '../../sdk/src/training/training-worker.ts';
import { denseRows, initialParameters, roundTask } from './problem.ts';
import type { RoundsRequest, RoundTimes } from './round-worker.ts';

/** What the benchmark calls in the page. */
const localRounds = {
  /** Rounds of one engine in a worker of its own. */
  times(request: RoundsRequest): Promise<RoundTimes> {
    const worker = new Worker(new URL('./round-worker.ts', import.meta.url), { type: 'module' });
    return new Promise((resolve, reject) => {
      worker.addEventListener('message', ({ data }) => {
        resolve(data);
        worker.terminate();
      });
      worker.addEventListener('error', (event) => reject(new Error(event.message)));
      worker.postMessage(request);
    });
  },

  /** What a tab of the SDK does for a round, from its worker's start on. @returns the length of the update. */
  async train(hidden: number[]): Promise<number> {
    const task = roundTask(hidden);
    const worker = await TrainingWorker.start({ task, records: denseRows(250), noiseless: false });
    const update = await worker.train({ parameters: initialParameters(task), modelRound: 0 });
    worker.terminate();
    return update.length;
  },
};

declare global {
  var localRounds: LocalRounds;
}
type LocalRounds = typeof localRounds;
globalThis.localRounds = localRounds;
