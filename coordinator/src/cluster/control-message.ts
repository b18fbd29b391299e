import { ChoraleError, type ErrorCode, type WireError } from '@chorale/protocol';
import * as v from 'valibot';

const Place = { study: v.string(), participant: v.string() };
const Round = v.pipe(v.number(), v.integer(), v.minValue(1));
const Request = { ...Place, id: v.number() };

/** What a node says to the owner of a study's rounds. Requests have an `id` and are answered by a `reply`. */
const ToOwner = [
  v.object({ type: v.literal('join'), ...Request, group: v.string() }),
  v.object({ type: v.literal('leave'), ...Place, forGood: v.boolean() }),
  /** May this contribution be taken? */
  v.object({ type: v.literal('admit'), ...Request, round: Round }),
  v.object({ type: v.literal('decline'), ...Request, round: Round, code: v.string() }),
  v.object({ type: v.literal('attendance'), id: v.number(), study: v.string() }),
  /** A contribution is held by the node that says so. */
  v.object({ type: v.literal('accepted'), ...Place, round: Round }),
  /** The node's part of the sum is in the database. */
  v.object({ type: v.literal('partial'), study: v.string(), round: Round }),
] as const;

/** What the owner of a study's rounds says to the others. */
const ToNode = [
  v.object({ type: v.literal('reply'), id: v.number(), study: v.string(), value: v.unknown() }),
  v.object({
    type: v.literal('refusal'),
    id: v.number(),
    study: v.string(),
    error: v.object({
      code: v.custom<ErrorCode>((code) => typeof code === 'string'),
      message: v.string(),
      retryAfterMs: v.optional(v.number()),
    }),
  }),
  /** To be told to the participants; an invitation comes without its model, which is in the database. */
  v.object({
    type: v.literal('tell'),
    study: v.string(),
    participants: v.array(v.string()),
    event: v.picklist(['round', 'round-ended', 'training-done']),
    message: v.record(v.string(), v.unknown()),
  }),
  /** The round takes nothing more: write your part of the sum. */
  v.object({ type: v.literal('contribute'), study: v.string(), round: Round }),
  /** To all: from now on the sender owns the study's rounds. */
  v.object({ type: v.literal('owner'), study: v.string() }),
  /** To all: a study was published. */
  v.object({ type: v.literal('published'), study: v.string() }),
  /** To all: a study was closed. */
  v.object({ type: v.literal('closed'), study: v.string() }),
] as const;

const Message = v.variant('type', [...ToOwner, ...ToNode]);
export type ControlMessage = v.InferOutput<typeof Message>;

// Numbered, because Postgres leaves out a notification that repeats another of its transaction.
const Envelope = v.object({ from: v.number(), number: v.number(), body: Message });

export function encodeMessage(from: number, number: number, body: ControlMessage): string {
  return JSON.stringify({ from, number, body });
}

/** `null` for what no node of this version says. */
export function decodeMessage(text: string): { from: number; body: ControlMessage } | null {
  try {
    const { from, body } = v.parse(Envelope, JSON.parse(text));
    return { from, body };
  } catch {
    return null;
  }
}

/** A refusal as it goes from node to node; what is unexpected stays in the log of the node where it happened. */
export function toRefusal(error: unknown): WireError {
  if (error instanceof ChoraleError) return error.toWire();
  return { code: 'INTERNAL', message: 'the coordinator failed; try again later', retryAfterMs: 5000 };
}
