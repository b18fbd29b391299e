import { expect, it } from 'vitest';
import { Invitations } from './invitations.ts';

const secret = new Uint8Array(32).fill(7);
const claims = { study: 'pulse', sub: 'p1234567', group: 'sales' };
const invalid = expect.objectContaining({ code: 'TOKEN_INVALID' });

it('knows its own tokens and no others', async () => {
  const invitations = new Invitations(secret);
  const token = await invitations.sign(claims);
  expect(await invitations.verify(token)).toEqual(claims);
  await expect(invitations.verify(`${token.slice(0, -2)}AA`)).rejects.toThrow(invalid);
  const foreign = await new Invitations(new Uint8Array(32)).sign(claims);
  await expect(invitations.verify(foreign)).rejects.toThrow(invalid);
});
