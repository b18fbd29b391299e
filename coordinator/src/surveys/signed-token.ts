import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import * as v from 'valibot';

/** What is signed here says no more; other programs that hold the key may add to it, `typ` for one. */
const HEADER = encode({ alg: 'HS256' });

const Header = v.object({ alg: v.literal('HS256'), crit: v.optional(v.never()) });

/** Seconds since 1970 between which a token is valid. */
const Times = v.looseObject({ nbf: v.optional(v.number()), exp: v.optional(v.number()) });

/** Signs claims as a JSON Web Token (RFC 7519) of one kind: compact, by HMAC with SHA-256. */
export function signToken(claims: object, key: KeyObject): string {
  const signed = `${HEADER}.${encode(claims)}`;
  return `${signed}.${signature(signed, key)}`;
}

/**
 * The claims of such a token, whose signature and times were checked. It is done at once: the way to another
 * thread and back would take ten times as long.
 * @throws Error for whatever else a text may be
 */
export function readToken(token: string, key: KeyObject): object {
  const parts = token.split('.');
  const [header = '', payload = '', signed = ''] = parts;
  if (parts.length !== 3) throw new Error('a token has three parts');
  const expected = Buffer.from(signature(`${header}.${payload}`, key));
  const given = Buffer.from(signed);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw new Error('another signature');
  if (header !== HEADER) v.parse(Header, decode(header));
  const claims = v.parse(Times, decode(payload));
  const now = Math.floor(Date.now() / 1000);
  if (claims.nbf !== undefined && claims.nbf > now) throw new Error('it is not valid yet');
  if (claims.exp !== undefined && claims.exp <= now) throw new Error('it has expired');
  return claims;
}

function signature(signed: string, key: KeyObject): string {
  return createHmac('sha256', key).update(signed).digest('base64url');
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function decode(part: string): unknown {
  return JSON.parse(Buffer.from(part, 'base64url').toString());
}
