import { expect, it } from 'vitest';
import { BulkGate } from './bulk-gate.ts';

const never = new AbortController().signal;

/** Work that goes on until it is told to end. */
function job(gate: BulkGate, signal: AbortSignal = never) {
  const started = Promise.withResolvers<void>();
  const end = Promise.withResolvers<void>();
  let isStarted = false;
  const done = gate.run(
    async () => {
      isStarted = true;
      started.resolve();
      await end.promise;
    },
    () => signal,
  );
  // Failures are looked at where they are expected.
  done.catch(() => undefined);
  return { started: started.promise, end: end.resolve, done, isStarted: () => isStarted };
}

it('lets so many in at a time, the others in their order, and refuses who finds the queue full', async () => {
  const gate = new BulkGate({ atOnce: 2, waiting: 2 });
  const [a, b, c, d] = [job(gate), job(gate), job(gate), job(gate)];
  await Promise.all([a.started, b.started]);
  await expect(job(gate).done).rejects.toMatchObject({ code: 'UNAVAILABLE', retryAfterMs: 1000 });
  expect([c.isStarted(), d.isStarted()]).toEqual([false, false]);
  b.end();
  await c.started;
  expect(d.isStarted()).toBe(false);
  a.end();
  await d.started;
  c.end();
  d.end();
  await Promise.all([a.done, b.done, c.done, d.done]);
  const next = [job(gate), job(gate)];
  await Promise.all(next.map(({ started }) => started));
});

it('gives the place in the queue of a client that has gone to nobody, and the next its turn', async () => {
  const gate = new BulkGate({ atOnce: 1, waiting: 2 });
  const gone = new AbortController();
  const [a, b, c] = [job(gate), job(gate, gone.signal), job(gate)];
  gone.abort();
  await expect(b.done).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  a.end();
  await c.started;
  expect(b.isStarted()).toBe(false);
});

it('gives its turn on when work fails', async () => {
  const gate = new BulkGate({ atOnce: 1, waiting: 1 });
  const failing = gate.run(
    () => Promise.reject(new Error('broken')),
    () => never,
  );
  const next = job(gate);
  await expect(failing).rejects.toThrow('broken');
  await next.started;
});
