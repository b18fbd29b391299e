import { describe, expect, test } from 'vitest';
import { InProcessLock } from './device-lock.ts';

describe('the lock of one process', () => {
  test('lets one task at a time in, in the order of asking', async () => {
    const lock = new InProcessLock();
    const order: string[] = [];
    const first = Promise.withResolvers<void>();
    const tasks = ['a', 'b', 'c'].map((id) =>
      lock.run('device', async () => {
        order.push(`${id} in`);
        if (id === 'a') await first.promise;
        order.push(`${id} out`);
      }),
    );
    await lock.run('other', async () => {});
    expect(order).toEqual(['a in']);
    first.resolve();
    await Promise.all(tasks);
    expect(order).toEqual(['a in', 'a out', 'b in', 'b out', 'c in', 'c out']);
  });

  test('is given back when a task fails', async () => {
    const lock = new InProcessLock();
    await expect(lock.run('device', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await expect(lock.run('device', async () => 1)).resolves.toBe(1);
  });

  test('whoever gives up waiting lets nobody in before their turn', async () => {
    const lock = new InProcessLock();
    const first = Promise.withResolvers<void>();
    const holder = lock.run('device', () => first.promise);
    const impatient = new AbortController();
    const waiting = lock.run('device', async () => {}, { signal: impatient.signal });
    impatient.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    let entered = false;
    const last = lock.run('device', async () => (entered = true));
    // Whatever could run by now has run.
    await new Promise((resolve) => setImmediate(resolve));
    expect(entered).toBe(false);
    first.resolve();
    await Promise.all([holder, last]);
  });
});
