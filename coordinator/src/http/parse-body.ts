import { ChoraleError } from '@chorale/protocol';
import * as v from 'valibot';

/** @throws ChoraleError `MESSAGE_MALFORMED`, naming the path and the rule that is broken. */
export function parseBody<Schema extends v.GenericSchema>(schema: Schema, body: unknown): v.InferOutput<Schema> {
  const result = v.safeParse(schema, body, { abortEarly: true });
  if (result.success) return result.output;
  const path = v.getDotPath(result.issues[0]);
  throw new ChoraleError('MESSAGE_MALFORMED', `body${path === null ? '' : ` at ${path}`}: ${result.issues[0].message}`);
}
