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
  {
    signal,
    lastAttempt,
    onRetry,
    backoff,
    random,
  }: Omit<RequestOptions, 'ready'> & { backoff: BackoffOptions; random: RandomSource },
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
      await delay(waitMs, AbortSignal.any([signal, lastAttempt].filter((s) => s !== undefined)));
    }
  }
}
