import { decodeIntegers, parseManifest } from '@chorale/protocol';
import { updateNormBound } from '@chorale/protocol/update-mechanism';
import { describe, expect, test } from 'vitest';
import { Ledger } from '../ledger.ts';
import { MemoryDeviceStore } from '../storage/memory-store.ts';
import { trainingManifest } from '../testing/training-study.ts';
import { heard, invitation, serve, take, types } from './testing/taking-part.ts';
import type { TrainingEvent } from './training-event.ts';

describe('a client in rounds', () => {
  test('[B1] is charged once for a round in which the connection breaks, and re-sends the very same bytes', async () => {
    const manifest = trainingManifest();
    const updates: string[] = [];
    const store = new MemoryDeviceStore();
    const spentBeforeSending: number[] = [];
    const { url } = await serve((client) => {
      client.on('join', (_, reply) => {
        reply({ ok: true, committedRounds: 0, done: false });
        client.emit('round', invitation(manifest, 1));
      });
      client.on('update', async ({ update }, reply) => {
        updates.push(Buffer.from(update).toString('hex'));
        void store.spends().then((spends) => spentBeforeSending.push(spends.length));
        if (updates.length === 1) return client.disconnect(true);
        reply({ ok: true, duplicate: false });
        await heard(client);
        client.emit('round-ended', { study: manifest.id, round: 1, outcome: 'committed', committedRounds: 1 });
        return client.emit('training-done', { study: manifest.id, committedRounds: 1 });
      });
    });
    const events = await take({ manifest, url, store });
    expect(types(events)).toEqual([
      'waiting',
      'engine',
      'waiting',
      'round-started',
      'connection-lost',
      'update-sent',
      'round-ended',
      'done',
    ]);
    expect(updates).toHaveLength(2);
    expect(updates[0]).toBe(updates[1]);
    expect(spentBeforeSending).toEqual([1, 1]);
    expect((await store.spends()).map(({ kind, loss }) => ({ kind, loss }))).toEqual([
      { kind: 'update', loss: { mechanism: 'gaussian', noiseMultiplier: 4 } },
    ]);
    expect(await store.update(manifest.id, 1)).toBeNull();
  });

  test('[B1] a visit later, it re-sends what an earlier visit stored', async () => {
    const manifest = trainingManifest();
    const store = new MemoryDeviceStore();
    const earlier = Uint8Array.of(1, 2, 3, 4);
    await store.commitUpdate({ update: { study: manifest.id, round: 5, kind: 'train', update: earlier }, spends: [] });
    const updates: number[][] = [];
    const { url } = await serve((client) => {
      client.on('join', (_, reply) => {
        reply({ ok: true, committedRounds: 0, done: false });
        client.emit('round', invitation(manifest, 5));
      });
      client.on('update', ({ update }, reply) => {
        updates.push([...new Uint8Array(update)]);
        reply({ ok: true, duplicate: true });
        client.emit('training-done', { study: manifest.id, committedRounds: 1 });
      });
    });
    const events = await take({ manifest, url, store });
    expect(updates).toEqual([[1, 2, 3, 4]]);
    expect(await store.spends()).toEqual([]);
    expect(events).toContainEqual({ type: 'update-sent', round: 5, bytes: 4, duplicate: true });
  });

  test('[B1] a coordinator that forgot its rounds and asks for the first again is charged again', async () => {
    const manifest = trainingManifest();
    const store = new MemoryDeviceStore();
    let asked = 0;
    const { url } = await serve((client) => {
      client.on('join', (_, reply) => {
        reply({ ok: true, committedRounds: 0, done: false });
        client.emit('round', invitation(manifest, 1));
      });
      client.on('update', (_, reply) => {
        asked += 1;
        reply({ ok: true, duplicate: false });
        client.emit('round-ended', { study: manifest.id, round: 1, outcome: 'abandoned', committedRounds: 0 });
        if (asked === 1) client.emit('round', invitation(manifest, 1));
        if (asked === 2) client.emit('training-done', { study: manifest.id, committedRounds: 0 });
      });
    });
    await take({ manifest, url, store });
    expect((await store.spends()).map(({ kind }) => kind)).toEqual(['update', 'update']);
  });

  test.each([
    ['site', { records: 'rows-1 1 0.3', part: 'held-back' }],
    // An employee's rows are one person's: training and evaluation add up.
    ['employee', undefined],
  ] as const)(
    '[B2] an evaluation at a client of kind %s is charged to the employee, of rows %j',
    async (clients, rows) => {
      const manifest = trainingManifest({ clients });
      const store = new MemoryDeviceStore();
      let bytes = 0;
      const { url } = await serve((client) => {
        client.on('join', (_, reply) => {
          reply({ ok: true, committedRounds: 2, done: false });
          client.emit('round', invitation(manifest, 3, { kind: 'evaluate' }));
        });
        client.on('update', ({ update }, reply) => {
          bytes = update.byteLength;
          reply({ ok: true, duplicate: false });
          client.emit('training-done', { study: manifest.id, committedRounds: 2 });
        });
      });
      const events = await take({ manifest, url, store });
      expect(events).toContainEqual({ type: 'evaluated', round: 3, bytes: 32, duplicate: false });
      expect(bytes).toBe(2 * 4 * 4);
      const [charge, ...more] = await store.spends();
      expect(charge).toMatchObject({
        kind: 'evaluation',
        privacyUnit: 'employee',
        loss: { mechanism: 'zcdp', rho: 1 / 128 },
      });
      expect(charge?.rows).toEqual(rows);
      expect(more).toEqual([]);
    },
  );

  test('[B1] over its budget it declines, says so and ends, and nothing is stored', async () => {
    const manifest = trainingManifest();
    const store = new MemoryDeviceStore();
    const declined: string[] = [];
    const { url } = await serve((client) => {
      client.on('join', (_, reply) => {
        reply({ ok: true, committedRounds: 0, done: false });
        client.emit('round', invitation(manifest, 1));
      });
      client.on('decline', ({ code }, reply) => {
        declined.push(code);
        reply({ ok: true });
      });
    });
    const events = await take({ manifest, url, store, maxEpsilon: 0.5 });
    expect(events.slice(-2)).toMatchObject([
      { type: 'refused', round: 1, code: 'BUDGET_EXCEEDED' },
      { type: 'ended', code: 'BUDGET_EXCEEDED' },
    ]);
    expect(declined).toEqual(['BUDGET_EXCEEDED']);
    expect([await store.spends(), await store.update(manifest.id, 1)]).toEqual([[], null]);
  });

  test('[B9] an update that PrivUnit reports is charged at its pure epsilon', async () => {
    const { training, ...rest } = trainingManifest({ clients: 'employee', rounds: 1 });
    const silent = { updateNoiseMultiplier: 0, exampleNoiseMultiplier: 0, delta: 1e-6 };
    const updateMechanism = { mechanism: 'priv-unit', epsilon: 3 };
    const manifest = parseManifest({ ...rest, training: { ...training, privacy: { ...silent, updateMechanism } } });
    const store = new MemoryDeviceStore();
    let norm = 0;
    const { url } = await serve((client) => {
      client.on('join', (_, reply) => {
        reply({ ok: true, committedRounds: 0, done: false });
        client.emit('round', invitation(manifest, 1));
      });
      client.on('update', ({ update }, reply) => {
        norm = Math.hypot(...decodeIntegers(new Uint8Array(update), 4));
        reply({ ok: true, duplicate: false });
        client.emit('training-done', { study: manifest.id, committedRounds: 1 });
      });
    });
    expect(types(await take({ manifest, url, store })).slice(-2)).toEqual(['update-sent', 'done']);
    expect(norm).toBeGreaterThan(0);
    expect(norm).toBeLessThanOrEqual(updateNormBound(manifest.training!));
    expect(await store.spends()).toMatchObject([{ privacyUnit: 'employee', loss: { mechanism: 'pure', epsilon: 3 } }]);
    const [employee] = await new Ledger({ store }).balances();
    expect(employee).toMatchObject({ privacyUnit: 'employee', spent: 3 });
  });

  test('stays for the next round when the coordinator refuses one contribution', async () => {
    const manifest = trainingManifest();
    const { url } = await serve((client) => {
      client.on('join', (_, reply) => {
        reply({ ok: true, committedRounds: 0, done: false });
        client.emit('round', invitation(manifest, 1));
      });
      client.on('update', ({ round }, reply) => {
        if (round === 2) {
          reply({ ok: true, duplicate: false });
          client.emit('training-done', { study: manifest.id, committedRounds: 1 });
          return;
        }
        reply({ ok: false, error: { code: 'ROUND_CLOSED', message: 'too late' } });
        client.emit('round', invitation(manifest, 2));
      });
    });
    const events = await take({ manifest, url });
    expect(events).toContainEqual({ type: 'refused', round: 1, code: 'ROUND_CLOSED', message: 'too late' });
    expect(types(events).slice(-2)).toEqual(['update-sent', 'done']);
  });

  test('a model of the wrong size is refused and nothing is charged for it', async () => {
    const manifest = trainingManifest();
    const store = new MemoryDeviceStore();
    const { url } = await serve((client) => {
      client.on('join', (_, reply) => {
        reply({ ok: true, committedRounds: 0, done: false });
        client.emit('round', invitation(manifest, 1, { model: new Uint8Array(3) }));
      });
    });
    const stop = new Error('seen');
    const events: TrainingEvent[] = [];
    await expect(
      take({
        manifest,
        url,
        store,
        onEvent: (event) => {
          events.push(event);
          if (event.type === 'refused') throw stop;
        },
      }),
    ).rejects.toThrow(stop);
    expect(events.at(-1)).toMatchObject({ type: 'refused', round: 1, code: 'UPDATE_SHAPE' });
    expect(await store.spends()).toEqual([]);
  });

  test('a refusal to let it join ends it with that error', async () => {
    const { url } = await serve((client) => {
      client.on('join', (_, reply) => reply({ ok: false, error: { code: 'TOKEN_INVALID', message: 'no' } }));
    });
    await expect(take({ manifest: trainingManifest(), url })).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
  });

  test('gives its seat up when its reader stops reading', async () => {
    const left = Promise.withResolvers<string>();
    const { url } = await serve((client) => {
      client.on('join', (_, reply) => reply({ ok: true, committedRounds: 0, done: false }));
      client.on('leave', ({ study }) => left.resolve(study));
    });
    const stop = new Error('enough');
    const reading = take({
      manifest: trainingManifest(),
      url,
      onEvent: (event) => {
        if (event.type === 'waiting' && event.for === 'cohort') throw stop;
      },
    });
    await expect(reading).rejects.toThrow(stop);
    expect(await left.promise).toBe('tiny');
  });
});

describe('[S3] training without noise', () => {
  const open = { updateNoiseMultiplier: 0, evaluationNoiseMultiplier: 0 };
  test.each([
    ['no noise and no consent', trainingManifest(open), false],
    ['a plain evaluation and no consent', trainingManifest({ evaluationNoiseMultiplier: 0 }), false],
    // Such a manifest does not parse: a device must refuse it all the same.
    ['consent, but people’s data', { ...trainingManifest(open), simulated: false }, true],
  ])('is refused with %s', async (_, manifest, noiseless) => {
    await expect(take({ manifest, url: 'http://127.0.0.1:1', noiseless })).rejects.toMatchObject({
      code: 'NOISELESS_REFUSED',
    });
  });

  test('works for a simulated study with the page’s consent, uncharged', async () => {
    const manifest = trainingManifest(open);
    const store = new MemoryDeviceStore();
    const { url } = await serve((client) => {
      client.on('join', (_, reply) => {
        reply({ ok: true, committedRounds: 0, done: false });
        client.emit('round', invitation(manifest, 1));
      });
      client.on('update', (_, reply) => {
        reply({ ok: true, duplicate: false });
        client.emit('training-done', { study: manifest.id, committedRounds: 1 });
      });
    });
    expect(types(await take({ manifest, url, store, noiseless: true })).slice(-2)).toEqual(['update-sent', 'done']);
    expect(await store.spends()).toEqual([]);
  });

  test('a study without a training task has nothing to train', async () => {
    const { training: _, ...rest } = trainingManifest();
    await expect(take({ manifest: rest, url: 'http://127.0.0.1:1' })).rejects.toMatchObject({
      code: 'TRAINING_ABSENT',
    });
  });
});
