import { describe, expect, test } from 'vitest';
import { InProcessLock } from './device-lock.ts';
import { PageLifecycle, runWhileActive } from './page-lifecycle.ts';

const never = new AbortController().signal;

function lifecycle(): { page: EventTarget; lifecycle: PageLifecycle; suspensions: () => number } {
  const page = new EventTarget();
  let count = 0;
  return { page, lifecycle: new PageLifecycle(page, { onSuspend: () => (count += 1) }), suspensions: () => count };
}

/** Settles like the promise, or rejects once the signal aborts. */
function until(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
}

describe.each([
  ['pagehide', 'pageshow'],
  ['freeze', 'resume'],
])('a page that gets %s and %s', (hide, show) => {
  test('gives the lock back while it is away and starts over afterwards', async () => {
    const { page, lifecycle: life, suspensions } = lifecycle();
    const lock = new InProcessLock();
    const started = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let runs = 0;
    const result = runWhileActive({ lifecycle: life, lock, name: 'device', signal: never }, async (signal) => {
      runs += 1;
      started[runs - 1]!.resolve();
      return runs === 1 ? until(signal) : `run ${runs}`;
    });
    await started[0]!.promise;
    page.dispatchEvent(new Event(hide));
    page.dispatchEvent(new Event(hide));
    expect(suspensions()).toBe(1);
    await lock.run('device', async () => {});
    expect(runs).toBe(1);
    page.dispatchEvent(new Event(show));
    expect(await result).toBe('run 2');
  });

  test('ends for good when its caller gives up, also while it is away', async () => {
    const { page, lifecycle: life } = lifecycle();
    const caller = new AbortController();
    page.dispatchEvent(new Event(hide));
    const result = runWhileActive(
      { lifecycle: life, lock: new InProcessLock(), name: 'device', signal: caller.signal },
      async () => 1,
    );
    caller.abort(new Error('enough'));
    await expect(result).rejects.toThrow('enough');
  });
});

test('a task that fails by itself is not started over', async () => {
  const { lifecycle: life } = lifecycle();
  let runs = 0;
  const failing = (): Promise<void> => {
    runs += 1;
    return Promise.reject(new Error('no'));
  };
  await expect(
    runWhileActive({ lifecycle: life, lock: new InProcessLock(), name: 'device', signal: never }, failing),
  ).rejects.toThrow('no');
  expect(runs).toBe(1);
});
