import type { IncomingHttpHeaders } from 'node:http';

/**
 * Whether a client has this version already (RFC 9110, section 13.1.2). Compared weakly: a proxy that
 * compresses marks tags as weak.
 */
export function isKnown({ 'if-none-match': known }: IncomingHttpHeaders, etag: string): boolean {
  if (known === undefined) return false;
  return known.split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === etag);
}
