import { createHmac } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';
import { expect, it, onTestFinished, test, vi } from 'vitest';
import { Invitations } from './invitations.ts';

const secret = new Uint8Array(32).fill(7);
const invitations = new Invitations(secret);
const claims = { study: 'pulse', sub: 'p1234567', group: 'sales' };
const invalid = expect.objectContaining({ code: 'TOKEN_INVALID' });

/** As another program signs it. */
const signed = (header: object, payload: object): Promise<string> =>
  new SignJWT({ ...payload }).setProtectedHeader({ alg: 'HS256', ...header }).sign(secret);
const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
/** With a signature that is right, whatever the header says of it. */
const sealed = (head: unknown, payload: unknown): string => {
  const text = `${base64url(head)}.${base64url(payload)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
};

it('knows its own tokens, which are the same each time', async () => {
  const token = await invitations.sign(claims);
  expect(await invitations.verify(token)).toEqual(claims);
  expect(await invitations.sign({ ...claims })).toBe(token);
});

it('signs what other programs can read, and reads what they sign', async () => {
  const { payload } = await jwtVerify(await invitations.sign(claims), secret, { algorithms: ['HS256'] });
  expect(payload).toEqual(claims);
  const token = await signed({ typ: 'JWT', kid: 'first' }, { ...claims, iat: 1 });
  expect(await invitations.verify(token)).toEqual(claims);
});

it('knows a token between two moments', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  const token = await signed({}, { ...claims, nbf: 100, exp: 200 });
  const isValidAt = (seconds: number): Promise<boolean> => {
    vi.setSystemTime(seconds * 1000);
    return invitations.verify(token).then(
      () => true,
      () => false,
    );
  };
  expect([await isValidAt(99), await isValidAt(100), await isValidAt(199)]).toEqual([false, true, true]);
  expect(await isValidAt(201)).toBe(false);
});

const [header, payload, signature] = (await invitations.sign(claims)).split('.') as [string, string, string];

test.each<[string, string]>([
  ['an empty text', ''],
  ['a signature alone', signature],
  ['a token without a signature', `${header}.${payload}`],
  ['an empty signature', `${header}.${payload}.`],
  ['half a signature', `${header}.${payload}.${signature.slice(0, 20)}`],
  ['a part too many', `${header}.${payload}.${signature}.`],
  ['another group', `${header}.${base64url({ ...claims, group: 'managers' })}.${signature}`],
  ['no algorithm', `${base64url({ alg: 'none' })}.${payload}.`],
  ['another algorithm', sealed({ alg: 'RS256' }, claims)],
  ['a header without an algorithm', sealed({ typ: 'JWT' }, claims)],
  ['an extension that is not known here', sealed({ alg: 'HS256', crit: ['b64'], b64: false }, claims)],
  ['the key of somebody else', await new Invitations(new Uint8Array(32)).sign(claims)],
  ['an end that is no number', sealed({ alg: 'HS256' }, { ...claims, exp: '99999999999' })],
  ['claims that are no object', sealed({ alg: 'HS256' }, 'claims')],
  ['claims without a group', sealed({ alg: 'HS256' }, { study: 'pulse', sub: 'p1234567' })],
  ['a text that is far too long', 'x'.repeat(100_000)],
])('%s is no invitation', async (_, token) => {
  await expect(invitations.verify(token)).rejects.toThrow(invalid);
});

it('needs a secret of 32 bytes', () => {
  expect(() => new Invitations(new Uint8Array(31))).toThrow(RangeError);
});
