import { ChoraleError, ReplyShape } from '@chorale/protocol';
import * as v from 'valibot';

// What a coordinator answers, as far as the device reads it.
export const JoinReply = v.object({
  ok: v.literal(true),
  committedRounds: v.number(),
  done: v.boolean(),
  comeBackMs: v.optional(v.pipe(v.number(), v.minValue(0))),
  usedUp: v.optional(v.boolean(), false),
});
export const UpdateReply = v.object({ ok: v.literal(true), duplicate: v.boolean() });
export const EmptyReply = v.object({ ok: v.literal(true) });

/** @throws ChoraleError the refusal that the reply is; `MESSAGE_MALFORMED` for what is no reply. */
export function parseReply<S extends v.GenericSchema>(schema: S, data: unknown): v.InferOutput<S> {
  const reply = v.safeParse(ReplyShape, data);
  if (reply.success && !reply.output.ok) {
    const { code, message, retryAfterMs } = reply.output.error;
    throw new ChoraleError(code, message, retryAfterMs === undefined ? {} : { retryAfterMs });
  }
  const result = v.safeParse(schema, data);
  if (!result.success) throw new ChoraleError('MESSAGE_MALFORMED', `reply: ${result.issues[0].message}`);
  return result.output;
}
