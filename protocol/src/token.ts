import * as v from 'valibot';
import { Identifier } from './question.ts';

/** What an invitation token (a signed JWT, opaque to the device) says once its signature was checked. */
export const InvitationClaims = v.object({
  study: Identifier,
  /**
   * Random name of the invitation; used once for a report, and as the client's identity in rounds. The waves of a series
   * call one person by one name: without that, whose answers they have in common cannot be seen. [E5]
   */
  sub: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{8,64}$/)),
  group: Identifier,
});
export type InvitationClaims = v.InferOutput<typeof InvitationClaims>;
