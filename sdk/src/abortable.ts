/** The promise, or the signal's reason as a rejection if that comes first. */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Longest wait that one timer can do; it fires at once when asked for more. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Resolves after `ms`, however long that is, or rejects with the signal's reason if that comes first. */
export async function delay(ms: number, signal: AbortSignal | undefined): Promise<void> {
  let left = ms;
  do {
    await timer(Math.min(left, LONGEST_TIMER_MS), signal);
    left -= LONGEST_TIMER_MS;
  } while (left > 0);
}

async function timer(ms: number, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const handle = setTimeout(resolve, ms);
  try {
    await abortable(promise, signal);
  } finally {
    clearTimeout(handle);
  }
}
