import type { RandomSource } from '@chorale/privacy';
import {
  PROTOCOL_VERSION,
  ReportOutcome,
  type ReportRequest,
  WithdrawalOutcome,
  type WithdrawalRequest,
} from '@chorale/protocol';
import type * as v from 'valibot';
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

/** Hands a device's report to its coordinator and takes it back, by a request each time. */
export class ReportSender {
  readonly #options: ReportSenderOptions;

  constructor(options: ReportSenderOptions) {
    this.#options = options;
  }

  /**
   * One attempt to hand over a report's text; it is stored there when this resolves.
   * @param options.withdrawal SHA-256 of the secret by which it can be taken back.
   * @throws ChoraleError `CONNECTION_LOST`, or the coordinator's refusal; the signal's reason.
   */
  sendReport(
    report: string,
    { withdrawal, signal }: { withdrawal?: string | undefined; signal?: AbortSignal } = {},
  ): Promise<ReportOutcome> {
    const request: ReportRequest = { protocol: PROTOCOL_VERSION, report, withdrawal };
    return this.#post('reports', request, ReportOutcome, signal);
  }

  /**
   * One attempt to take the report back; what became of it is on the coordinator's disk when this resolves.
   * @throws ChoraleError as `sendReport`.
   */
  withdrawReport(secret: string, { signal }: { signal?: AbortSignal } = {}): Promise<WithdrawalOutcome> {
    const request: WithdrawalRequest = { protocol: PROTOCOL_VERSION, secret };
    return this.#post('withdrawals', request, WithdrawalOutcome, signal);
  }

  #post<S extends v.GenericSchema>(
    path: string,
    request: object,
    answer: S,
    signal: AbortSignal | undefined,
  ): Promise<v.InferOutput<S>> {
    const { coordinator, study, token, timeoutMs = 15_000 } = this.#options;
    const transfer = { coordinator, study, timeoutMs, signal };
    return postRequest(transfer, { path, token, body: JSON.stringify(request), answer });
  }

  /** See `repeatRequest`. */
  repeat<T>(attempt: () => Promise<T>, options: RequestOptions): Promise<T> {
    const { random, page, backoff = DEFAULT_BACKOFF } = this.#options;
    return repeatRequest(attempt, { ...options, backoff, random, page });
  }
}
