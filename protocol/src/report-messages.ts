import * as v from 'valibot';
import { limits } from './limits.ts';
import { PROTOCOL_VERSION } from './version.ts';

// Apart from the messages of training, which a survey does not need.
export const Protocol = v.literal(PROTOCOL_VERSION);
export const Token = v.pipe(v.string(), v.minLength(1), v.maxLength(limits.tokenLength));

/** 32 bytes in hexadecimal digits: a secret of the device, or the SHA-256 of such a text. */
const Digits = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));

/** Device to coordinator over HTTP, with the token as bearer: a report, as the exact text that the device stored. */
export const ReportRequest = v.strictObject({
  protocol: Protocol,
  report: v.string(),
  /** SHA-256 of the secret by which the device may withdraw it. */
  withdrawal: v.optional(Digits),
});
/** The same over a socket, which many devices may share. */
export const ReportMessage = v.strictObject({ ...ReportRequest.entries, token: Token });
export type ReportRequest = v.InferOutput<typeof ReportRequest>;
export type ReportMessage = v.InferOutput<typeof ReportMessage>;

/** Device to coordinator over HTTP, with the token as bearer: the secret whose hash came with the report. */
export const WithdrawalRequest = v.strictObject({ protocol: Protocol, secret: Digits });
export type WithdrawalRequest = v.InferOutput<typeof WithdrawalRequest>;

/** What became of a report, which is on the disk by then. */
export const ReportOutcome = v.object({ duplicate: v.boolean(), receivedAt: v.string() });
export type ReportOutcome = v.InferOutput<typeof ReportOutcome>;
/** Whether a report is gone, or stays because a published number holds one of its answers. */
export const WithdrawalOutcome = v.object({ outcome: v.picklist(['withdrawn', 'released']) });
export type WithdrawalOutcome = v.InferOutput<typeof WithdrawalOutcome>;
