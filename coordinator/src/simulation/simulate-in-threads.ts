import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { checkSimulation } from './simulation.ts';
import { merge, type SimulationResult } from './simulation-result.ts';
import type { ThreadMessage, ThreadTask } from './simulation-thread.ts';

/**
 * Simulates in several threads, each with a share of the lanes. Lanes do not influence each other, so what happens is
 * what happens in one thread.
 */
export async function simulateInThreads(
  task: Omit<ThreadTask, 'part'>,
  { threads, onProgress }: { threads: number; onProgress?: ((rounds: number) => void) | undefined },
): Promise<SimulationResult> {
  checkSimulation(task);
  const count = Math.min(threads, task.studies);
  const done = Array.from({ length: count }, () => 0);
  const parts = Array.from({ length: count }, (_, first) =>
    runPart({ ...task, part: { first, of: count } }, (rounds) => {
      done[first] = rounds;
      onProgress?.(done.reduce((sum, one) => sum + one, 0));
    }),
  );
  return merge(await Promise.all(parts));
}

async function runPart(workerData: ThreadTask, onProgress: (rounds: number) => void): Promise<SimulationResult> {
  const worker = new Worker(new URL('simulation-thread.ts', import.meta.url), { workerData });
  let result: SimulationResult | null = null;
  worker.on('message', (message: ThreadMessage) => {
    if (message.type === 'progress') onProgress(message.rounds);
    else ({ result } = message);
  });
  // Rejects where the thread fails.
  await once(worker, 'exit');
  if (result === null) throw new Error('a thread of the simulation ended without a result');
  return result;
}
