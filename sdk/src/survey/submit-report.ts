import { type Answers, ChoraleError, type ErrorCode } from '@chorale/protocol';
import type { ReportSender } from '../connection/report-sender.ts';
import { isRetryable, type Retry } from '../connection/retry.ts';
import type { DeviceLock } from '../device-lock.ts';
import { type Lifecycle, runWhileActive } from '../page-lifecycle.ts';
import type { Receipt, StoredReport } from '../storage/device-store.ts';
import type { Respondent } from './respondent.ts';

export type SubmitOptions = {
  respondent: Respondent;
  sender: Pick<ReportSender, 'isClosed' | 'sendReport' | 'repeat'>;
  lock: DeviceLock;
  lifecycle: Lifecycle;
  signal: AbortSignal;
  /** The report is on the device and charged: from now on it cannot get lost. */
  onStored?: ((report: StoredReport) => void) | undefined;
  onRetry?: ((retry: Retry) => void) | undefined;
};

/** Refusals that concern the invitation or the coordinator, not the report: it may be accepted another time. */
const passing: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['TOKEN_INVALID', 'PROTOCOL_VERSION', 'STUDY_UNKNOWN']);

/** Whether this report is still to be sent. */
export function isUnsent({ state }: StoredReport): boolean {
  return state.state === 'pending' || (state.state === 'refused' && passing.has(state.code));
}

/**
 * Makes the device's report of these answers, or takes the one there is, and delivers it. None is made, and nothing
 * charged, where the coordinator says first that the study is closed.
 * @throws ChoraleError `STUDY_CLOSED`; what `Respondent.prepareReport` and `deliverReport` throw.
 */
export async function submitReport(answers: Answers, options: SubmitOptions): Promise<Receipt> {
  const { respondent, sender, signal } = options;
  if ((await respondent.report()) === null && (await sender.isClosed({ signal }))) {
    throw new ChoraleError('STUDY_CLOSED', 'the study is closed');
  }
  const report = await runWhileActive({ ...options, name: 'device' }, () => respondent.prepareReport(answers));
  options.onStored?.(report);
  return deliverReport(options);
}

/**
 * Sends the stored report, byte for byte, until the coordinator has it. Another tab may do the same:
 * the lock is held for an attempt, not between two of them, and whoever comes later finds the receipt.
 * @throws ChoraleError the coordinator's refusal; `ALREADY_ANSWERED` when the report was erased meanwhile;
 *   `REPORT_EXPIRED` when it could not be sent for too long.
 */
export function deliverReport(options: SubmitOptions): Promise<Receipt> {
  const attempt = (): Promise<Receipt> =>
    runWhileActive({ ...options, name: 'device' }, (active) => deliverOnce(options, active));
  return options.sender.repeat(attempt, options);
}

async function deliverOnce({ respondent, sender }: SubmitOptions, signal: AbortSignal): Promise<Receipt> {
  const report = await respondent.report();
  if (report === null)
    throw new ChoraleError('ALREADY_ANSWERED', 'the report was erased from this device before it was sent');
  if (report.state.state === 'acknowledged') return respondent.acknowledge(report, report.state);
  let reply: { duplicate: boolean };
  try {
    respondent.requireFresh(report);
    reply = await sender.sendReport(report.text, { signal, withdrawal: await respondent.withdrawalHash() });
  } catch (error) {
    if (error instanceof ChoraleError && !isRetryable(error)) await respondent.refuse(report, error);
    throw error;
  }
  return respondent.acknowledge(report, reply);
}
