import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { EventQueue } from './event-queue.ts';

it('gives events in the order of their time, and those of one time as they came; cancelled ones never', () => {
  const actions = fc.array(fc.record({ at: fc.nat(20), takes: fc.boolean(), isCancelled: fc.boolean() }), {
    minLength: 1,
    maxLength: 200,
  });
  fc.assert(
    fc.property(actions, (list) => {
      const queue = new EventQueue();
      const waiting: { at: number; order: number }[] = [];
      const taken: { at: number; order: number }[] = [];
      const takeOne = (): void => {
        const event = queue.first();
        if (event === undefined) return;
        queue.take();
        event.run?.();
        waiting.sort((a, b) => a.at - b.at || a.order - b.order);
        expect(taken.at(-1)).toEqual(waiting.shift());
      };
      list.forEach(({ at, takes, isCancelled }, order) => {
        const event = queue.add(at, () => taken.push({ at, order }));
        if (isCancelled) event.run = null;
        else waiting.push({ at, order });
        if (takes) takeOne();
      });
      while (queue.first() !== undefined) takeOne();
      expect(waiting).toEqual([]);
    }),
  );
});
