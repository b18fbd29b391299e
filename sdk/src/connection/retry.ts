import type { RandomSource } from '@chorale/privacy';
import { ChoraleError, type ErrorCode } from '@chorale/protocol';
import { delay } from '../abortable.ts';
import { backoffMs, type BackoffOptions, staggeredMs } from './backoff.ts';

/** A failed attempt that will be repeated. */
export type Retry = { error: ChoraleError; waitMs: number };

export type RequestOptions = {
  /** Without it the request is repeated until it is answered. */
  signal?: AbortSignal | undefined;
  /** Once it aborts, an attempt that is under way is the last. */
  lastAttempt?: AbortSignal | undefined;
  onRetry?: ((retry: Retry) => void) | undefined;
  /** Awaited before each attempt that needs a seat. */
  ready?: (() => Promise<void>) | undefined;
};

type RepeatOptions = Omit<RequestOptions, 'ready'> & {
  backoff: BackoffOptions;
  random: RandomSource;
  /** What hears `online` or `pageshow`: a wait that the coordinator did not ask for ends soon after. */
  page?: EventTarget | undefined;
};

/** The coordinator could not be reached or could not answer just now: the same request may succeed later. */
const retryable: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'CONNECTION_LOST',
  'INTERNAL',
  'RATE_LIMITED',
  'STORAGE_UNAVAILABLE',
  'UNAVAILABLE',
]);

/** Whether the same request may succeed later. */
export function isRetryable(error: unknown): error is ChoraleError {
  return error instanceof ChoraleError && (retryable.has(error.code) || error.retryAfterMs !== undefined);
}

/**
 * Repeats what failed for want of a connection, or because the coordinator is busy, after longer and
 * longer waits, and not before the coordinator asks for it.
 * @throws whatever else `attempt` throws; the signal's reason.
 */
export async function repeatRequest<T>(
  attempt: () => Promise<T>,
  { signal, lastAttempt, onRetry, backoff, random, page }: RepeatOptions,
): Promise<T> {
  for (let failed = 0; ; failed += 1) {
    try {
      return await attempt();
    } catch (error) {
      signal?.throwIfAborted();
      if (!isRetryable(error) || lastAttempt?.aborted) throw error;
      const asked = staggeredMs(error.retryAfterMs ?? 0, random);
      const waitMs = Math.max(asked, backoffMs(failed, backoff, random));
      onRetry?.({ error, waitMs });
      const either = AbortSignal.any([signal, lastAttempt].filter((s) => s !== undefined));
      if (page === undefined || error.retryAfterMs !== undefined) await delay(waitMs, either);
      // A whole company may be back at once.
      else if (await isBack(page, waitMs, either)) await delay(backoffMs(0, backoff, random), either);
    }
  }
}

/** Waits; `true` as soon as the page hears that its network is back, or is itself. @throws the signal's reason. */
async function isBack(page: EventTarget, waitMs: number, signal: AbortSignal): Promise<boolean> {
  const back = new AbortController();
  const onBack = (): void => back.abort();
  for (const type of ['online', 'pageshow']) page.addEventListener(type, onBack, { signal: back.signal });
  try {
    await delay(waitMs, AbortSignal.any([signal, back.signal]));
    return false;
  } catch (error) {
    if (signal.aborted) throw error;
    return true;
  } finally {
    back.abort();
  }
}
