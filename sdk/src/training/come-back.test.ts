import { expect, test } from 'vitest';
import { ComeBack } from './come-back.ts';

const never = new AbortController().signal;
const hourMs = 3_600_000;

/** A clock that is set by hand. */
function clock(): { now: () => Date; pass: (ms: number) => void } {
  let at = Date.parse('2026-11-02T09:00:00Z');
  return { now: () => new Date(at), pass: (ms) => (at += ms) };
}

test('without a wait nothing is waited for', async () => {
  await expect(new ComeBack(clock().now).over(never)).resolves.toBeUndefined();
});

test('a wait that was interrupted goes on, and is over once its time is, whatever happened meanwhile', async () => {
  const { now, pass } = clock();
  const comeBack = new ComeBack(now);
  comeBack.after(hourMs);
  const page = new AbortController();
  const waiting = comeBack.over(page.signal);
  page.abort(new Error('put away'));
  await expect(waiting).rejects.toThrow('put away');
  pass(hourMs - 20);
  await comeBack.over(never);
  await expect(comeBack.over(AbortSignal.abort())).resolves.toBeUndefined();
});

test('a page that is in use again before its time waits for the rest', async () => {
  const { now, pass } = clock();
  const comeBack = new ComeBack(now);
  comeBack.after(hourMs);
  pass(hourMs - 1);
  await expect(comeBack.over(AbortSignal.abort(new Error('still waiting')))).rejects.toThrow('still waiting');
  pass(1);
  await expect(comeBack.over(AbortSignal.abort(new Error('still waiting')))).resolves.toBeUndefined();
});

test('a clock that stands still or is set back does not prolong it', async () => {
  const { now, pass } = clock();
  const comeBack = new ComeBack(now);
  comeBack.after(10);
  pass(-hourMs);
  await comeBack.over(never);
});
