import { ChoraleError, PROTOCOL_VERSION } from '@chorale/protocol';
import * as v from 'valibot';

/**
 * Parses what a client sent, over a socket or as the body of a request.
 * @throws ChoraleError `PROTOCOL_VERSION` for a client of another version, else `MESSAGE_MALFORMED`
 */
export function parseMessage<Schema extends v.GenericSchema>(schema: Schema, data: unknown): v.InferOutput<Schema> {
  const result = v.safeParse(schema, data, { abortEarly: true });
  if (result.success) return result.output;
  if (typeof data === 'object' && data !== null && 'protocol' in data && data.protocol !== PROTOCOL_VERSION) {
    throw new ChoraleError('PROTOCOL_VERSION', `this coordinator speaks version ${PROTOCOL_VERSION} of the protocol`);
  }
  const path = v.getDotPath(result.issues[0]);
  // The rule alone: the value might be an answer or a token.
  const rule = result.issues[0].expected === null ? result.issues[0].message : `expected ${result.issues[0].expected}`;
  throw new ChoraleError('MESSAGE_MALFORMED', `message${path === null ? '' : ` at ${path}`}: ${rule}`);
}
