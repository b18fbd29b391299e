import { SignJWT } from 'jose';
import { expect, it } from 'vitest';
import { Invitations } from './invitations.ts';

const secret = new Uint8Array(32).fill(7);
const claims = { study: 'pulse', sub: 'p1234567', group: 'sales' };
const invalid = expect.objectContaining({ code: 'TOKEN_INVALID' });

it('knows its own tokens, the second time as well', async () => {
  const invitations = new Invitations(secret);
  const token = await invitations.sign(claims);
  for (let i = 0; i < 2; i += 1) expect(await invitations.verify(token)).toEqual(claims);
  await expect(invitations.verify(`${token.slice(0, -2)}AA`)).rejects.toThrow(invalid);
  const foreign = await new Invitations(new Uint8Array(32)).sign(claims);
  for (let i = 0; i < 2; i += 1) await expect(invitations.verify(foreign)).rejects.toThrow(invalid);
});

it('checks a token that expires each time', async () => {
  const invitations = new Invitations(secret);
  const now = Math.floor(Date.now() / 1000);
  const token = await new SignJWT({ study: 'pulse', group: 'sales' })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject('p1234567')
    .setExpirationTime(now + 1)
    .sign(secret);
  expect(await invitations.verify(token)).toEqual(claims);
  await expect
    .poll(() => invitations.verify(token).catch((error: unknown) => error), { timeout: 5000 })
    .toEqual(invalid);
});
