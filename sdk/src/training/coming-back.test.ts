import { expect, test } from 'vitest';
import { PageLifecycle } from '../page-lifecycle.ts';
import { trainingManifest } from '../testing/training-study.ts';
import { serve, take, types } from './testing/taking-part.ts';

const manifest = trainingManifest();
const done = { study: manifest.id, committedRounds: 2 };
const hourMs = 3_600_000;

/** A coordinator that asks the first client to come back, and is done by the time it does. */
async function crowded(comeBackMs: number): Promise<{ url: string; joins: () => number; left: Promise<string> }> {
  const left = Promise.withResolvers<string>();
  let joins = 0;
  const { url } = await serve((client) => {
    client.on('disconnect', (reason) => left.resolve(reason));
    client.on('join', (_, reply) => {
      joins += 1;
      const reception = { ok: true, committedRounds: 1, done: false } as const;
      reply(joins === 1 ? { ...reception, comeBackMs } : reception);
      if (joins > 1) client.emit('training-done', done);
    });
  });
  return { url, joins: () => joins, left: left.promise };
}

test('a client without a seat closes its socket, says for how long, and joins again by itself', async () => {
  const { url, joins, left } = await crowded(40);
  const events = await take({ manifest, url });
  expect(await left).toBe('client namespace disconnect');
  const [later] = events.filter((event) => event.type === 'waiting' && event.for === 'later');
  expect(later).toMatchObject({ committedRounds: 1, totalRounds: 2 });
  expect(later).toHaveProperty(
    'comeBackMs',
    expect.toSatisfy((ms: number) => ms >= 40 && ms <= 44),
  );
  expect(types(events).filter((type) => type !== 'engine')).toEqual(['waiting', 'waiting', 'waiting', 'done']);
  expect(joins()).toBe(2);
});

test('a client that was asked to come back in a month can be stopped meanwhile', async () => {
  const { url, joins, left } = await crowded(2 ** 31 + 1000);
  const caller = new AbortController();
  const events = await take({
    manifest,
    url,
    signal: caller.signal,
    onEvent: (event) => {
      if (event.type === 'waiting' && event.for === 'later') void left.then(() => caller.abort());
    },
  });
  expect(types(events).at(-1)).toBe('waiting');
  expect(joins()).toBe(1);
});

test('a page that was put away joins as soon as it is back, if its time is over', async () => {
  const { url, joins, left } = await crowded(hourMs);
  const page = new EventTarget();
  let at = Date.parse('2026-11-02T09:00:00Z');
  const events = await take({
    manifest,
    url,
    lifecycle: new PageLifecycle(page, { onSuspend: () => {} }),
    now: () => new Date(at),
    onEvent: (event) => {
      if (event.type !== 'waiting' || event.for !== 'later') return;
      void left.then(() => {
        page.dispatchEvent(new Event('freeze'));
        at += hourMs * 1.1;
        page.dispatchEvent(new Event('resume'));
      });
    },
  });
  expect(types(events).at(-1)).toBe('done');
  expect(joins()).toBe(2);
});

test('a node that is unavailable is left, and the next one is asked no sooner than it wants', async () => {
  let joins = 0;
  let rested = false;
  let restedFirst = false;
  const sockets = new Set<string>();
  const { url } = await serve((client) => {
    sockets.add(client.id);
    client.on('join', (_, reply) => {
      joins += 1;
      if (joins === 1) {
        // Due well before the wait is over, and well after what a lost connection would wait.
        setTimeout(() => (rested = true), 60);
        reply({ ok: false, error: { code: 'UNAVAILABLE', message: 'draining', retryAfterMs: 100 } });
        return;
      }
      restedFirst = rested;
      reply({ ok: true, committedRounds: 1, done: false });
      client.emit('training-done', done);
    });
  });
  expect(types(await take({ manifest, url })).at(-1)).toBe('done');
  expect([joins, sockets.size, restedFirst]).toEqual([2, 2, true]);
});
