import { describe, expect, test } from 'vitest';
import { type Manifest, parseManifest } from '@chorale/protocol';
import { MemoryDeviceStore } from '../storage/memory-store.ts';
import { trainingManifest } from '../testing/training-study.ts';
import { type Client, invitation, serve, take, types } from './testing/taking-part.ts';

const once = trainingManifest({ clients: 'employee', rounds: 9, updateNoiseMultiplier: 8 });
const seat = { ok: true, committedRounds: 0, done: false } as const;

function allowing(participation: { atMost: number; spacing?: number }): Manifest {
  return parseManifest({ ...once, training: { ...once.training, participation } });
}

type Asked = { declined: string[]; updates: { round: number; bytes: string }[]; joins: number };

/** A coordinator that asks for an update of each of these rounds in turn, whatever it should know of this client. */
async function asking(manifest: Manifest, rounds: number[], asked: Asked): Promise<{ url: string }> {
  const left = [...rounds];
  const next = (client: Client): void => {
    const round = left[0];
    if (round === undefined) client.emit('training-done', { study: manifest.id, committedRounds: 9 });
    else client.emit('round', invitation(manifest, round));
  };
  return serve((client) => {
    client.on('join', (_, reply) => {
      asked.joins += 1;
      reply(seat);
      next(client);
    });
    client.on('update', ({ round, update }, reply) => {
      asked.updates.push({ round, bytes: Buffer.from(update).toString('hex') });
      reply({ ok: true, duplicate: false });
      left.shift();
      client.emit('round-ended', { study: manifest.id, round, outcome: 'abandoned', committedRounds: 0 });
      next(client);
    });
    client.on('decline', ({ code }, reply) => {
      asked.declined.push(code);
      reply({ ok: true });
      left.shift();
      next(client);
    });
  });
}

/** A visit whose update arrives, and which ends before it hears so. */
async function closedWhileSending(
  round: number,
  { store, asked }: { store: MemoryDeviceStore; asked: Asked },
): Promise<void> {
  const closing = new AbortController();
  const { url } = await serve((client) => {
    client.on('join', (_, reply) => {
      reply(seat);
      client.emit('round', invitation(once, round));
    });
    client.on('update', ({ update }) => {
      asked.updates.push({ round, bytes: Buffer.from(update).toString('hex') });
      closing.abort();
    });
  });
  await take({ manifest: once, url, store, signal: closing.signal });
}

const nothing = (): Asked => ({ declined: [], updates: [], joins: 0 });
const ended = { type: 'ended', code: 'PARTICIPATION_USED' };

describe('[B8] a device of an employee', () => {
  test('contributes once by default, whatever became of it, and then ends and does not join again', async () => {
    const store = new MemoryDeviceStore();
    const asked = nothing();
    const { url } = await asking(once, [1, 2], asked);
    const events = await take({ manifest: once, url, store });
    expect(types(events).slice(-3)).toEqual(['update-sent', 'round-ended', 'ended']);
    expect(events.at(-1)).toMatchObject(ended);
    expect(asked.updates.map(({ round }) => round)).toEqual([1]);
    // Another visit, and one after everything but the ledger was erased.
    for (const visit of ['again', 'erased']) {
      if (visit === 'erased') await store.erase(once.id);
      expect(types(await take({ manifest: once, url, store })), visit).toEqual(['waiting', 'ended']);
    }
    expect(asked.joins).toBe(1);
    expect(await store.spends()).toHaveLength(1);
  });

  test('refuses an invitation beyond that, says so, and neither computes nor charges anything', async () => {
    const store = new MemoryDeviceStore();
    const asked = nothing();
    await closedWhileSending(1, { store, asked });
    const { url } = await asking(once, [7], asked);
    const events = await take({ manifest: once, url, store });
    expect(events).toContainEqual(expect.objectContaining({ type: 'refused', round: 7, code: 'PARTICIPATION_USED' }));
    expect(events.at(-1)).toMatchObject(ended);
    expect(types(events)).not.toContain('local-progress');
    expect([asked.declined, asked.updates.length]).toEqual([['PARTICIPATION_USED'], 1]);
    expect(await store.spends()).toHaveLength(1);
  });

  test('may send the stored bytes of a lost acknowledgement again', async () => {
    const store = new MemoryDeviceStore();
    const asked = nothing();
    await closedWhileSending(3, { store, asked });
    const { url } = await asking(once, [3], asked);
    const events = await take({ manifest: once, url, store });
    expect(asked.updates).toHaveLength(2);
    expect(asked.updates[0]).toEqual(asked.updates[1]);
    expect(types(events).slice(-3)).toEqual(['update-sent', 'round-ended', 'ended']);
    expect(await store.spends()).toHaveLength(1);
  });

  test('contributes as often as the study says, no sooner than it says', async () => {
    const manifest = allowing({ atMost: 2, spacing: 3 });
    const store = new MemoryDeviceStore();
    const asked = nothing();
    const { url } = await asking(manifest, [1, 2, 3, 4, 9], asked);
    const events = await take({ manifest, url, store });
    expect(asked.updates.map(({ round }) => round)).toEqual([1, 4]);
    expect(asked.declined).toEqual(['PARTICIPATION_TOO_SOON', 'PARTICIPATION_TOO_SOON']);
    expect(events.at(-1)).toMatchObject(ended);
    expect(await store.spends()).toHaveLength(2);
  });

  test('ends when the coordinator knows that it has contributed before, and forgets what waited', async () => {
    const store = new MemoryDeviceStore();
    const update = Uint8Array.of(1, 2);
    await store.commitUpdate({ update: { study: once.id, round: 1, kind: 'train', update }, spends: [] });
    const { url } = await serve((client) => {
      client.on('join', (_, reply) => reply({ ...seat, usedUp: true }));
    });
    const events = await take({ manifest: once, url, store });
    expect(events.at(-1)).toMatchObject(ended);
    expect(await store.update(once.id, 1)).toBeNull();
  });
});

test('[B8] a site contributes to every round', async () => {
  const manifest = trainingManifest({ rounds: 9, updateNoiseMultiplier: 16 });
  const asked = nothing();
  const { url } = await asking(manifest, [1, 2, 2, 3], asked);
  expect(types(await take({ manifest, url })).at(-1)).toBe('done');
  expect(asked.updates.map(({ round }) => round)).toEqual([1, 2, 2, 3]);
});
