import type { RandomSource } from '@chorale/privacy';
import {
  PROTOCOL_VERSION,
  ReportOutcome,
  type ReportRequest,
  WithdrawalOutcome,
  type WithdrawalRequest,
} from '@chorale/protocol';
import * as v from 'valibot';
import { apiRequest, postRequest } from './api-request.ts';
import { type BackoffOptions, DEFAULT_BACKOFF } from './backoff.ts';
import { parseJson, textOf } from './refusal.ts';
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

/** How long the coordinator may take to say whether a study is closed, before the device goes on without knowing. */
const STATE_TIMEOUT_MS = 3000;

const StudyState = v.object({ state: v.string() });

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
   * Whether the study is known to take no more reports. `false` where the coordinator does not say so just now: a report
   * is made without a network too.
   * @throws the signal's reason
   */
  async isClosed({ signal }: { signal?: AbortSignal | undefined } = {}): Promise<boolean> {
    const { coordinator, study } = this.#options;
    const transfer = { coordinator, study, timeoutMs: STATE_TIMEOUT_MS, signal };
    try {
      const text = await apiRequest(transfer, { path: 'state', bytes: 0, init: {}, read: textOf });
      const answer = v.safeParse(StudyState, parseJson(text));
      return answer.success && answer.output.state !== 'open';
    } catch {
      signal?.throwIfAborted();
      return false;
    }
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
