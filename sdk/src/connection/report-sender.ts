import type { RandomSource } from '@chorale/privacy';
import { PROTOCOL_VERSION, ReportOutcome, type ReportRequest } from '@chorale/protocol';
import { postRequest } from './api-request.ts';
import { type BackoffOptions, DEFAULT_BACKOFF } from './backoff.ts';
import { repeatRequest, type RequestOptions } from './retry.ts';

export type ReportSenderOptions = {
  coordinator: string | URL;
  study: string;
  token: string;
  random: RandomSource;
  /** How long one attempt may take. */
  timeoutMs?: number;
  backoff?: BackoffOptions;
  /** What tells by `online` or `pageshow` that the coordinator may be in reach again. */
  page?: EventTarget;
};

/** Hands a device's report to its coordinator, by a request each time. */
export class ReportSender {
  readonly #options: ReportSenderOptions;

  constructor(options: ReportSenderOptions) {
    this.#options = options;
  }

  /**
   * One attempt to hand over a report's text; it is stored there when this resolves.
   * @throws ChoraleError `CONNECTION_LOST`, or the coordinator's refusal; the signal's reason.
   */
  sendReport(report: string, { signal }: { signal?: AbortSignal } = {}): Promise<ReportOutcome> {
    const { coordinator, study, token, timeoutMs = 15_000 } = this.#options;
    const body = JSON.stringify({ protocol: PROTOCOL_VERSION, report } satisfies ReportRequest);
    return postRequest(
      { coordinator, study, timeoutMs, signal },
      { path: 'reports', token, body, answer: ReportOutcome },
    );
  }

  /** See `repeatRequest`. */
  repeat<T>(attempt: () => Promise<T>, options: RequestOptions): Promise<T> {
    const { random, page, backoff = DEFAULT_BACKOFF } = this.#options;
    return repeatRequest(attempt, { ...options, backoff, random, page });
  }
}
