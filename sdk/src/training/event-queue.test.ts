import { expect, test } from 'vitest';
import { EventQueue } from './event-queue.ts';

async function read<T>(queue: EventQueue<T>): Promise<T[]> {
  const events: T[] = [];
  for await (const event of queue) events.push(event);
  return events;
}

test('events come out in order, those before the reading and those during it', async () => {
  const queue = new EventQueue<number>();
  queue.push(1);
  queue.push(2);
  const reading = read(queue);
  await Promise.resolve();
  queue.push(3);
  queue.end();
  queue.push(4);
  expect(await reading).toEqual([1, 2, 3]);
});

test('a failure comes after the events before it', async () => {
  const queue = new EventQueue<number>();
  queue.push(1);
  queue.fail(new Error('no'));
  const events: number[] = [];
  await expect(
    (async () => {
      for await (const event of queue) events.push(event);
    })(),
  ).rejects.toThrow('no');
  expect(events).toEqual([1]);
});
