import { createHmac, createSecretKey } from 'node:crypto';
import { SignJWT } from 'jose';
import { expect, it, onTestFinished, test, vi } from 'vitest';
import { readToken, signToken } from './signed-token.ts';

const secret = new Uint8Array(32).fill(7);
const key = createSecretKey(secret);
const claims = { study: 'pulse', group: 'sales', sub: 'p1234567' };
const signed = (header: object, payload: object = claims) =>
  new SignJWT({ ...payload }).setProtectedHeader({ alg: 'HS256', ...header }).sign(secret);
const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
/** With a signature that is right, whatever the header says of it. */
const sealed = (head: unknown, payload: unknown) => {
  const text = `${base64url(head)}.${base64url(payload)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
};

it('signs as other programs do', async () => {
  expect(signToken(claims, key)).toBe(await signed({}));
});

it('reads what other programs sign, whatever else they say of it', async () => {
  const token = await signed({ typ: 'JWT', kid: 'first' }, { ...claims, iat: 1 });
  expect(readToken(token, key)).toEqual({ ...claims, iat: 1 });
});

it('knows a token between two moments', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  const token = await signed({}, { ...claims, nbf: 100, exp: 200 });
  const readAt = (seconds: number) => {
    vi.setSystemTime(seconds * 1000);
    return () => readToken(token, key);
  };
  expect(readAt(99.999)).toThrow('not valid yet');
  expect(readAt(100)).not.toThrow();
  expect(readAt(199.999)).not.toThrow();
  expect(readAt(200)).toThrow('expired');
});

const [header, payload, signature] = signToken(claims, key).split('.') as [string, string, string];
/** The last letter holds four bits of the signature, and two that mean nothing. */
const inOtherLetters = `${header}.${payload}.${signature.slice(0, -1)}${String.fromCodePoint(signature.codePointAt(42)! + 1)}`;

test.each<[string, string]>([
  ['an empty text', ''],
  ['a signature alone', signature],
  ['a token without a signature', `${header}.${payload}`],
  ['an empty signature', `${header}.${payload}.`],
  ['half a signature', `${header}.${payload}.${signature.slice(0, 20)}`],
  ['a part too many', `${header}.${payload}.${signature}.`],
  ['its signature in other letters', inOtherLetters],
  ['another group', `${header}.${base64url({ ...claims, group: 'managers' })}.${signature}`],
  ['no algorithm', `${base64url({ alg: 'none' })}.${payload}.`],
  ['another algorithm', sealed({ alg: 'RS256' }, claims)],
  ['a header without an algorithm', sealed({ typ: 'JWT' }, claims)],
  ['an extension that is not known here', sealed({ alg: 'HS256', crit: ['b64'], b64: false }, claims)],
  ['the key of somebody else', signToken(claims, createSecretKey(new Uint8Array(32)))],
  ['an end that is no number', sealed({ alg: 'HS256' }, { ...claims, exp: '99999999999' })],
  ['claims that are no object', sealed({ alg: 'HS256' }, 'claims')],
])('%s is no token', (_, token) => {
  expect(() => readToken(token, key)).toThrow(Error);
});
