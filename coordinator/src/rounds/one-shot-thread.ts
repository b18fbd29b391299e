import type { TrainingTask } from '@chorale/protocol';
import type { ReleasedUpdates, ServerModel } from '@chorale/training';
import { runInThread } from './run-in-thread.ts';

export type OneShotJob = { task: TrainingTask; model: ServerModel; released: ReleasedUpdates };

/**
 * `nextModel` of a one-shot task in a thread of its own: what it makes of a large Gram matrix takes seconds.
 * @throws ChoraleError `INTERNAL` when the thread fails.
 */
export function oneShotInThread(job: OneShotJob): Promise<ServerModel> {
  return runInThread(new URL('./one-shot-worker.ts', import.meta.url), job);
}
