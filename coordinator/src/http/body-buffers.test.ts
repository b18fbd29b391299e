import { expect, it, onTestFinished, vi } from 'vitest';
import { BodyBuffers } from './body-buffers.ts';

const memoryOf = (buffers: BodyBuffers, bytes: number): Promise<ArrayBufferLike> =>
  buffers.lend(bytes, async ({ buffer, length }) => {
    expect(length).toBeGreaterThanOrEqual(bytes);
    return buffer;
  });

it('lends the same memory again, and to one at a time', async () => {
  const buffers = new BodyBuffers();
  const first = await memoryOf(buffers, 1000);
  expect(await memoryOf(buffers, 10)).toBe(first);
  expect(await memoryOf(buffers, 1001)).not.toBe(first);
  await buffers.lend(1000, async ({ buffer: taken }) => expect(await memoryOf(buffers, 1000)).not.toBe(taken));
});

it('takes memory back from work that fails', async () => {
  const buffers = new BodyBuffers();
  const first = await memoryOf(buffers, 100);
  await expect(buffers.lend(100, () => Promise.reject(new Error('lost')))).rejects.toThrow('lost');
  expect(await memoryOf(buffers, 100)).toBe(first);
});

it('frees memory that was not used for a while', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const buffers = new BodyBuffers();
  const first = await memoryOf(buffers, 100);
  vi.advanceTimersByTime(29_000);
  expect(await memoryOf(buffers, 100)).toBe(first);
  vi.advanceTimersByTime(31_000);
  expect(await memoryOf(buffers, 100)).not.toBe(first);
});
