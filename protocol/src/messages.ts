import * as v from 'valibot';
import type { ErrorCode, WireError } from './errors.ts';
import { Identifier } from './question.ts';
import { Protocol, type ReportMessage, type ReportOutcome, Token } from './report-messages.ts';

const RoundNumber = v.pipe(v.number(), v.integer(), v.minValue(1));
/** Bytes as they arrive: a Buffer or ArrayBuffer, according to the end. */
const Bytes = v.union([
  v.instance(Uint8Array),
  v.pipe(
    v.instance(ArrayBuffer),
    v.transform((b) => new Uint8Array(b)),
  ),
]);

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
