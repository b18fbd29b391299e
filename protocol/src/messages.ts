import * as v from 'valibot';
import type { ErrorCode, WireError } from './errors.ts';
import { limits } from './limits.ts';
import { Identifier } from './question.ts';
import { PROTOCOL_VERSION } from './version.ts';

const Protocol = v.literal(PROTOCOL_VERSION);
const Token = v.pipe(v.string(), v.minLength(1), v.maxLength(limits.tokenLength));
const RoundNumber = v.pipe(v.number(), v.integer(), v.minValue(1));
/** Bytes as they arrive: a Buffer or ArrayBuffer, according to the end. */
const Bytes = v.union([
  v.instance(Uint8Array),
  v.pipe(
    v.instance(ArrayBuffer),
    v.transform((b) => new Uint8Array(b)),
  ),
]);

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
/** Client to coordinator: willing to train. Sent again after each reconnect. */
export const JoinMessage = v.strictObject({
  protocol: Protocol,
  token: Token,
  manifest: v.pipe(v.string(), v.maxLength(64)),
});
/** Client to coordinator: one contribution to a round, integers as `encodeIntegers` writes them. */
export const UpdateMessage = v.strictObject({ study: Identifier, round: RoundNumber, update: Bytes });
/** Client to coordinator: invited, but will not contribute to this round. */
export const DeclineMessage = v.strictObject({
  study: Identifier,
  round: RoundNumber,
  code: v.pipe(v.string(), v.maxLength(64)),
});

/** Client to coordinator: will not train any longer. */
export const LeaveMessage = v.strictObject({ study: Identifier });

/** Device to coordinator over HTTP, with the token as bearer: the secret whose hash came with the report. */
export const WithdrawalRequest = v.strictObject({ protocol: Protocol, secret: Digits });
export type WithdrawalRequest = v.InferOutput<typeof WithdrawalRequest>;
export type ReportRequest = v.InferOutput<typeof ReportRequest>;
export type ReportMessage = v.InferOutput<typeof ReportMessage>;
export type JoinMessage = v.InferOutput<typeof JoinMessage>;
export type UpdateMessage = v.InferOutput<typeof UpdateMessage>;
export type DeclineMessage = v.InferOutput<typeof DeclineMessage>;
export type LeaveMessage = v.InferOutput<typeof LeaveMessage>;

/** Coordinator to client: an invitation to a round. Rounds are numbered from 1, abandoned ones included. */
export const RoundMessage = v.strictObject({
  study: Identifier,
  round: RoundNumber,
  /** `train` asks for an update, `evaluate` for a histogram over held-back rows. */
  kind: v.picklist(['train', 'evaluate']),
  /**
   * Parameters to start from, as `encodeParameters` writes them; `null` above `limits.bulkBytes`: they are
   * at `/api/v1/studies/:study/models/:modelRound`, and the update goes to `…/rounds/:round/update`.
   */
  model: v.nullable(Bytes),
  /** Committed training rounds that the model has behind it. */
  modelRound: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** L2 bound on the whole update, where the task adapts it from round to round. */
  clippingNorm: v.optional(v.pipe(v.number(), v.finite())),
  /** Time left for the contribution. */
  deadlineMs: v.pipe(v.number(), v.minValue(0)),
});
export type RoundMessage = v.InferOutput<typeof RoundMessage>;

/**
 * Coordinator to client: how a round that the client was invited to ended. `closed` comes first to those
 * whose update is no longer wanted, so that they need not spend budget on it.
 */
export const RoundEndedMessage = v.strictObject({
  study: Identifier,
  round: RoundNumber,
  outcome: v.picklist(['closed', 'committed', 'abandoned']),
  committedRounds: v.pipe(v.number(), v.integer(), v.minValue(0)),
});
export type RoundEndedMessage = v.InferOutput<typeof RoundEndedMessage>;

/** Coordinator to client: the task has all its rounds; nothing more will be asked. */
export const TrainingDoneMessage = v.strictObject({ study: Identifier, committedRounds: v.number() });
export type TrainingDoneMessage = v.InferOutput<typeof TrainingDoneMessage>;

/** Every request is answered through its socket.io acknowledgement. */
export type Reply<T extends object = object> = ({ ok: true } & T) | { ok: false; error: WireError };
/** What became of a report, which is on the disk by then. */
export const ReportOutcome = v.object({ duplicate: v.boolean(), receivedAt: v.string() });
export type ReportOutcome = v.InferOutput<typeof ReportOutcome>;
/** Whether a report is gone, or stays because a published number holds one of its answers. */
export const WithdrawalOutcome = v.object({ outcome: v.picklist(['withdrawn', 'released']) });
export type WithdrawalOutcome = v.InferOutput<typeof WithdrawalOutcome>;
export type ReportReply = Reply<ReportOutcome>;
/**
 * With `comeBackMs` the client has no seat: more wait than will be needed, and it should ask again then. With
 * `usedUp` it has none either: it has contributed as often as it may.
 */
export type JoinReply = Reply<{ committedRounds: number; done: boolean; comeBackMs?: number; usedUp?: true }>;
export type UpdateReply = Reply<{ duplicate: boolean }>;

/** A reply as it arrives, before it is trusted. */
export const ReplyShape = v.variant('ok', [
  v.looseObject({ ok: v.literal(true) }),
  v.object({
    ok: v.literal(false),
    error: v.object({
      code: v.custom<ErrorCode>((code) => typeof code === 'string'),
      message: v.string(),
      retryAfterMs: v.optional(v.number()),
    }),
  }),
]);

export type ClientToServerEvents = {
  report: (message: ReportMessage, reply: (reply: ReportReply) => void) => void;
  join: (message: JoinMessage, reply: (reply: JoinReply) => void) => void;
  leave: (message: LeaveMessage) => void;
  update: (message: UpdateMessage, reply: (reply: UpdateReply) => void) => void;
  decline: (message: DeclineMessage, reply: (reply: Reply) => void) => void;
};
export type ServerToClientEvents = {
  round: (message: RoundMessage) => void;
  'round-ended': (message: RoundEndedMessage) => void;
  'training-done': (message: TrainingDoneMessage) => void;
};
