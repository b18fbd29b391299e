import { abortable } from './abortable.ts';

/**
 * Lets one task at a time into a named section, in the order of asking. Where a device has several
 * tabs, they exclude each other too.
 */
export interface DeviceLock {
  /**
   * Runs `task` once nobody else is inside, and gives the lock back when it ends, however it ends.
   * @throws the signal's reason when it aborts while waiting; once inside, the task sees to it itself.
   */
  run<T>(name: string, task: () => Promise<T>, options?: { signal?: AbortSignal | undefined }): Promise<T>;
}

/** A lock between the tasks of one process, for simulated employees that share nothing else. */
export class InProcessLock implements DeviceLock {
  readonly #tails = new Map<string, Promise<void>>();

  async run<T>(
    name: string,
    task: () => Promise<T>,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<T> {
    signal?.throwIfAborted();
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const before = this.#tails.get(name) ?? Promise.resolve();
    // Whoever gives up waiting must not let the next one in before its turn.
    const tail = before.then(() => released);
    this.#tails.set(name, tail);
    void tail.then(() => {
      if (this.#tails.get(name) === tail) this.#tails.delete(name);
    });
    try {
      await abortable(before, signal);
      return await task();
    } finally {
      release();
    }
  }
}
