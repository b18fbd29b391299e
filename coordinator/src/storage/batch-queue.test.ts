import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { BatchQueue } from './batch-queue.ts';

/** A queue whose batches are written when the test says so. */
function queueOfNumbers(limits = { items: 100, size: 1000 }) {
  const batches: { items: number[]; end: PromiseWithResolvers<PromiseSettledResult<string>[]> }[] = [];
  const queue = new BatchQueue<number, string>({
    write: (items) => {
      const end = Promise.withResolvers<PromiseSettledResult<string>[]>();
      batches.push({ items, end });
      return end.promise;
    },
    limits,
    sizeOf: (item) => item,
  });
  const finish = async (batch: number): Promise<void> => {
    const { items, end } = batches[batch]!;
    end.resolve(items.map((item) => ({ status: 'fulfilled', value: `kept ${item}` })));
    await turn();
  };
  return { queue, batches, finish };
}

it('writes together what arrives in one moment, and what arrives while that is written', async () => {
  const { queue, batches, finish } = queueOfNumbers();
  const first = [queue.add(1), queue.add(2)];
  await turn();
  const second = [queue.add(3), queue.add(4)];
  await turn();
  expect(batches.map(({ items }) => items)).toEqual([[1, 2]]);
  await finish(0);
  expect(await Promise.all(first)).toEqual(['kept 1', 'kept 2']);
  expect(batches.map(({ items }) => items)).toEqual([
    [1, 2],
    [3, 4],
  ]);
  await finish(1);
  expect(await Promise.all(second)).toEqual(['kept 3', 'kept 4']);
  const third = queue.add(5);
  await turn();
  await finish(2);
  expect(await third).toBe('kept 5');
});

it.each([
  ['so many items', { items: 2, size: 1000 }, [1, 1, 1, 1, 1], [[1, 1], [1, 1], [1]]],
  ['so much', { items: 100, size: 10 }, [6, 4, 1, 50, 2], [[6, 4], [1], [50], [2]]],
])('writes at most %s at a time, and never nothing', async (_, limits, items, expected) => {
  const { queue, batches, finish } = queueOfNumbers(limits);
  const all = Promise.all(items.map((item) => queue.add(item)));
  await turn();
  for (let batch = 0; batch < expected.length; batch += 1) await finish(batch);
  await all;
  expect(batches.map((batch) => batch.items)).toEqual(expected);
});

it('gives each item its own outcome', async () => {
  const { queue, batches } = queueOfNumbers();
  const outcomes = Promise.allSettled([queue.add(1), queue.add(2)]);
  await turn();
  const reason = new Error('no');
  batches[0]!.end.resolve([
    { status: 'rejected', reason },
    { status: 'fulfilled', value: 'yes' },
  ]);
  expect(await outcomes).toEqual([
    { status: 'rejected', reason },
    { status: 'fulfilled', value: 'yes' },
  ]);
});

it('fails all that wait when a batch fails as a whole, and goes on with what comes later', async () => {
  const { queue, batches, finish } = queueOfNumbers({ items: 1, size: 1000 });
  const outcomes = Promise.allSettled([queue.add(1), queue.add(2), queue.add(3)]);
  await turn();
  batches[0]!.end.reject(new Error('gone'));
  expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(batches).toHaveLength(1);
  const later = queue.add(4);
  await turn();
  await finish(1);
  expect(await later).toBe('kept 4');
});
