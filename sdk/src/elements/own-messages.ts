// Apart from what loads languages: few pages have texts of their own.
import * as v from 'valibot';
import { cappedBody } from '../connection/capped-body.ts';
import type { Messages } from './words.ts';

/** Longest file of messages that is read, in bytes. */
const MESSAGES_BYTES = 128 * 1024;

const Text = v.pipe(v.string(), v.maxLength(2000));
const form = v.optional(Text);
const Catalogue = v.record(
  v.string(),
  v.union([Text, v.strictObject({ zero: form, one: form, two: form, few: form, many: form, other: Text })]),
);

/** The texts of a page's own JSON file. @throws Error when it cannot be read, or is no catalogue. */
export async function fetchMessages(url: URL): Promise<Partial<Messages>> {
  const response = await fetch(url, { headers: { accept: 'application/json' } });
  if (!response.ok) throw new Error(`status ${response.status}`);
  const body = await cappedBody(response, { limitBytes: MESSAGES_BYTES });
  if (body === null) throw new Error(`longer than ${MESSAGES_BYTES} bytes`);
  const result = v.safeParse(Catalogue, JSON.parse(new TextDecoder().decode(body)), { abortEarly: true });
  if (result.success) return result.output;
  throw new Error(`${v.getDotPath(result.issues[0]) ?? 'it'}: ${result.issues[0].message}`);
}
