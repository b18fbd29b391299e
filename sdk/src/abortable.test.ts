import { expect, test } from 'vitest';
import { abortable, delay } from './abortable.ts';

test.each([2 ** 31, Infinity])('a wait of %d ms, more than a timer can do, outlasts a short one', async (ms) => {
  const caller = new AbortController();
  const long = delay(ms, caller.signal).then(() => 'long');
  expect(await Promise.race([long, delay(30, undefined).then(() => 'short')])).toBe('short');
  caller.abort(new Error('enough'));
  await expect(long).rejects.toThrow('enough');
});

test('what is aborted already is not waited for', async () => {
  const never = new Promise<void>(() => {});
  await expect(abortable(never, AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
});
