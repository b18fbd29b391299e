import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import type { SpendRecord } from '../storage/device-store.ts';
import { MemoryDeviceStore } from '../storage/memory-store.ts';
import { trainingManifest } from '../testing/training-study.ts';
import { type Client, heard, invitation, serve, take, types } from './testing/taking-part.ts';

const manifest = trainingManifest();
const study = manifest.id;
/** A model of 82 kB, which travels beside the socket. */
const large = {
  ...manifest,
  training: { ...manifest.training!, model: { hidden: [4096], activation: 'relu' as const } },
};

const ended = (round: number, outcome: 'closed' | 'committed' | 'abandoned') =>
  ({ study, round, outcome, committedRounds: 0 }) as const;
/** What the page hears of it. */
const closed = { type: 'round-ended', round: 1, outcome: 'closed', committedRounds: 0 };
const seat = { ok: true, committedRounds: 0, done: false } as const;
const taken = { ok: true, duplicate: false } as const;
const done = { study, committedRounds: 1 };

describe('[B11] a round with a clipping norm that the device did not agree to', () => {
  test('gets nothing, costs nothing, and ends the training with what is wrong', async () => {
    const store = new MemoryDeviceStore();
    const declined: string[] = [];
    const { url } = await serve((client) => {
      client.on('join', (_, reply) => {
        reply(seat);
        client.emit('round', invitation(manifest, 1, { clippingNorm: 2 }));
      });
      client.on('decline', ({ code }, reply) => {
        declined.push(code);
        reply({ ok: true });
      });
    });
    await expect(take({ manifest, url, store })).rejects.toMatchObject({
      code: 'MESSAGE_MALFORMED',
      message: expect.stringContaining('clippingNorm'),
    });
    expect(await store.spends()).toEqual([]);
    expect(declined).toEqual(['INTERNAL']);
  });
});

describe('a round that had enough updates before this client’s', () => {
  test('ends its computing at once: nothing is stored, charged or sent, and it stays for the next', async () => {
    const store = new MemoryDeviceStore();
    const rounds: number[] = [];
    const clients: Client[] = [];
    const { url } = await serve((client) => {
      clients.push(client);
      client.on('join', (_, reply) => {
        reply(seat);
        client.emit('round', invitation(manifest, 1));
      });
      client.on('update', ({ round }, reply) => {
        rounds.push(round);
        reply(taken);
        client.emit('training-done', done);
      });
    });
    let steps = 0;
    const events = await take({
      manifest,
      url,
      store,
      onStep: async (signal) => {
        steps += 1;
        if (steps > 1) return;
        clients[0]!.emit('round-ended', ended(1, 'closed'));
        // The first of two steps lasts until it is of no use.
        await once(signal, 'abort');
        expect([await store.spends(), await store.update(study, 1)]).toEqual([[], null]);
        clients[0]!.emit('round', invitation(manifest, 2));
      },
    });
    expect(events).toContainEqual({ ...closed, made: false });
    expect(types(events).slice(4)).toEqual(['round-ended', 'round-started', 'update-sent', 'done']);
    expect(rounds).toEqual([2]);
    expect(steps).toBe(3);
    expect((await store.spends()).map(({ reference }) => reference.split(' ')[0])).toEqual(['2']);
  });

  test('is not charged either when it is closed in the last moment before that', async () => {
    const clients: Client[] = [];
    const { url } = await serve((client) => {
      clients.push(client);
      client.on('join', (_, reply) => {
        reply(seat);
        client.emit('round', invitation(manifest, 1));
      });
    });
    let reads = 0;
    /** Its ledger is read before anything is computed, and again right before the charge. */
    class SlowStore extends MemoryDeviceStore {
      override async spends(): Promise<SpendRecord[]> {
        reads += 1;
        if (reads === 2) {
          clients[0]!.emit('round-ended', ended(1, 'closed'));
          clients[0]!.emit('training-done', done);
          await heard(clients[0]!);
        }
        return super.spends();
      }
    }
    const store = new SlowStore();
    const events = await take({ manifest, url, store });
    expect(events).toContainEqual({ ...closed, made: false });
    expect(reads).toBe(2);
    expect(await store.spends()).toEqual([]);
  });

  test.each([
    ['has no answer yet', null],
    ['waits to be sent again', { ok: false, error: { code: 'RATE_LIMITED', message: 'later', retryAfterMs: 60_000 } }],
  ] as const)('ends the sending of an update that %s; what was charged stays charged', async (_, answer) => {
    const store = new MemoryDeviceStore();
    const rounds: number[] = [];
    const { url } = await serve((client) => {
      client.on('join', (__, reply) => {
        reply(seat);
        client.emit('round', invitation(manifest, 1));
      });
      client.on('update', ({ round }, reply) => {
        rounds.push(round);
        if (round === 2) {
          reply(taken);
          client.emit('training-done', done);
          return;
        }
        if (answer !== null) reply(answer);
        client.emit('round-ended', ended(1, 'closed'));
        client.emit('round', invitation(manifest, 2));
      });
    });
    const events = await take({ manifest, url, store });
    expect(events).toContainEqual({ ...closed, made: true });
    expect(types(events)).not.toContain('refused');
    expect(rounds).toEqual([1, 2]);
    expect(await store.spends()).toHaveLength(2);
    expect(await store.update(study, 1)).toBeNull();
  });

  test('ends the sending of a large update in the middle of its request', async () => {
    const store = new MemoryDeviceStore();
    const clients: Client[] = [];
    const aborted = Promise.withResolvers<void>();
    const { url } = await serve(
      (client) => {
        clients.push(client);
        client.on('join', (_, reply) => {
          reply(seat);
          client.emit('round', invitation(large, 1));
        });
      },
      {
        onRequest: (request) => {
          request.on('close', () => {
            aborted.resolve();
            clients[0]!.emit('training-done', done);
          });
          request.once('data', () => {
            request.pause();
            clients[0]!.emit('round-ended', ended(1, 'closed'));
          });
        },
      },
    );
    const events = await take({ manifest: large, url, store });
    await aborted.promise;
    expect(types(events).slice(-2)).toEqual(['round-ended', 'done']);
    expect(await store.spends()).toHaveLength(1);
  });
});

test('[R5] an update that is answered after its round’s end was announced still counts', async () => {
  const { url } = await serve((client) => {
    client.on('join', (_, reply) => {
      reply(seat);
      client.emit('round', invitation(manifest, 1));
    });
    client.on('update', async (_, reply) => {
      client.emit('round-ended', ended(1, 'committed'));
      await heard(client);
      reply(taken);
      client.emit('training-done', done);
    });
  });
  expect(types(await take({ manifest, url })).slice(-3)).toEqual(['update-sent', 'round-ended', 'done']);
});

test('an update that is to be sent again later is not waited for once its round has ended', async () => {
  const { url } = await serve((client) => {
    client.on('join', (_, reply) => {
      reply(seat);
      client.emit('round', invitation(manifest, 1));
    });
    client.on('update', (_, reply) => {
      reply({ ok: false, error: { code: 'RATE_LIMITED', message: 'later', retryAfterMs: 60_000 } });
      client.emit('round-ended', ended(1, 'abandoned'));
      client.emit('training-done', done);
    });
  });
  expect(types(await take({ manifest, url })).slice(-3)).toEqual(['round-started', 'round-ended', 'done']);
});

describe('[B1] an acknowledged update whose coordinator dies before the round is over', () => {
  test.each([
    ['the client is invited to the round again', true],
    ['the client joins again', false],
  ])('is sent to the next one, the same bytes without a new charge, when %s', async (_, invitesAgain) => {
    const store = new MemoryDeviceStore();
    const updates: string[] = [];
    const take1 = (update: Uint8Array): void => void updates.push(Buffer.from(update).toString('hex'));
    const first = await serve((client) => {
      client.on('join', (__, reply) => {
        reply(seat);
        client.emit('round', invitation(manifest, 1));
      });
      client.on('update', ({ update }, reply) => {
        take1(update);
        reply(taken);
      });
    });
    /** Knows of the round, and nothing of who has given what to it. */
    const startAnother = async (): Promise<void> => {
      await first.close();
      await serve(
        (client) => {
          client.on('join', (__, reply) => {
            reply(seat);
            if (invitesAgain) client.emit('round', invitation(manifest, 1));
          });
          client.on('update', ({ update }, reply) => {
            take1(update);
            reply(taken);
            client.emit('round-ended', ended(1, 'committed'));
            client.emit('training-done', done);
          });
        },
        { port: first.port },
      );
    };
    const starting: Promise<void>[] = [];
    const events = await take({
      manifest,
      url: first.url,
      store,
      onEvent: ({ type }) => {
        if (type === 'update-sent' && starting.length === 0) starting.push(startAnother());
      },
    });
    await Promise.all(starting);
    expect(updates).toHaveLength(2);
    expect(updates[1]).toBe(updates[0]);
    expect(await store.spends()).toHaveLength(1);
    expect(types(events).slice(4)).toEqual([
      'update-sent',
      'connection-lost',
      ...(invitesAgain ? ['round-started'] : []),
      'update-sent',
      'round-ended',
      'done',
    ]);
    expect(await store.update(study, 1)).toBeNull();
  });

  test.each([
    ['right after the answer', true],
    ['later', false],
  ])('is sent again on the same connection when its client is invited again there, %s', async (_, isAtOnce) => {
    const store = new MemoryDeviceStore();
    const updates: string[] = [];
    const { url } = await serve((client) => {
      client.on('join', (__, reply) => {
        reply(seat);
        client.emit('round', invitation(manifest, 1));
      });
      client.on('update', async ({ update }, reply) => {
        updates.push(Buffer.from(update).toString('hex'));
        // Busy at the first attempt to send it again: that costs neither the seat nor the update.
        if (updates.length === 2) reply({ ok: false, error: { code: 'UNAVAILABLE', message: 'in a moment' } });
        else reply(taken);
        if (updates.length === 1) {
          if (!isAtOnce) await heard(client);
          client.emit('round', invitation(manifest, 1, { deadlineMs: 5000 }));
        }
        if (updates.length === 3) client.emit('training-done', done);
      });
    });
    const events = await take({ manifest, url, store });
    expect(types(events)).not.toContain('connection-lost');
    expect(types(events).slice(-2)).toEqual(['update-sent', 'done']);
    expect(updates).toHaveLength(3);
    expect(new Set(updates).size).toBe(1);
    expect(await store.spends()).toHaveLength(1);
  });

  test('is not made anew where the device has forgotten it meanwhile', async () => {
    const store = new MemoryDeviceStore();
    const clients: Client[] = [];
    let updates = 0;
    const { url } = await serve((client) => {
      clients.push(client);
      client.on('join', (_, reply) => {
        reply(seat);
        if (clients.length === 1) client.emit('round', invitation(manifest, 1));
      });
      client.on('update', (_, reply) => {
        updates += 1;
        reply(taken);
      });
    });
    const events = await take({
      manifest,
      url,
      store,
      onEvent: (event) => {
        if (event.type === 'update-sent')
          void store.deleteUpdates(study, { throughRound: 1 }).then(() => clients[0]!.conn.close());
        if (event.type === 'waiting' && clients.length === 2) clients[1]!.emit('training-done', done);
      },
    });
    expect(types(events).slice(4)).toEqual(['update-sent', 'connection-lost', 'waiting', 'done']);
    expect(updates).toBe(1);
    expect(await store.spends()).toHaveLength(1);
  });

  test.each(['ROUND_CLOSED', 'NOT_IN_COHORT'] as const)(
    'and that nobody wants any more (%s) is no failure: the client waits for the next round',
    async (code) => {
      const store = new MemoryDeviceStore();
      const clients: Client[] = [];
      const { url } = await serve((client) => {
        clients.push(client);
        client.on('join', (_, reply) => {
          reply(seat);
          if (clients.length === 1) client.emit('round', invitation(manifest, 1));
        });
        client.on('update', ({ round }, reply) => {
          if (clients.length === 1) {
            reply(taken);
          } else if (round === 1) {
            reply({ ok: false, error: { code, message: 'no' } });
            client.emit('round', invitation(manifest, 2));
          } else {
            reply(taken);
            client.emit('training-done', done);
          }
        });
      });
      const events = await take({
        manifest,
        url,
        store,
        onEvent: ({ type }) => {
          if (type === 'update-sent' && clients.length === 1) clients[0]!.conn.close();
        },
      });
      expect(types(events).slice(5)).toEqual(['connection-lost', 'waiting', 'round-started', 'update-sent', 'done']);
      expect(await store.spends()).toHaveLength(2);
      expect(await store.update(study, 1)).toBeNull();
    },
  );
});

describe('a round whose model is too large for the socket', () => {
  const bytes = 20_481 * 4;
  const absent = { model: null, modelRound: 7 };

  test('[B1] is trained on the fetched model, and its update goes by a request, again after a reconnect', async () => {
    const store = new MemoryDeviceStore();
    const updates: Buffer[] = [];
    const asked: string[] = [];
    const clients: Client[] = [];
    const note = ({ method, url: path, headers }: IncomingMessage): void =>
      void asked.push(`${method} ${path} ${headers.authorization ?? ''}`.trim());
    const { url } = await serve(
      (client) => {
        clients.push(client);
        client.on('join', (_, reply) => {
          reply(seat);
          client.emit('round', invitation(large, 8, absent));
        });
      },
      {
        onRequest: async (request, response) => {
          note(request);
          if (request.method === 'GET') {
            response.end(Buffer.alloc(bytes));
            return;
          }
          updates.push(await buffer(request));
          const isFirst = updates.length === 1;
          response.end(JSON.stringify({ duplicate: !isFirst }));
        },
      },
    );
    const events = await take({
      manifest: large,
      url,
      store,
      onEvent: (event) => {
        if (event.type !== 'update-sent') return;
        if (event.duplicate) clients[1]!.emit('training-done', done);
        else clients[0]!.conn.close();
      },
    });
    expect(asked).toEqual([
      'GET /api/v1/studies/tiny/models/7',
      'POST /api/v1/studies/tiny/rounds/8/update Bearer token',
      'POST /api/v1/studies/tiny/rounds/8/update Bearer token',
    ]);
    expect(updates.map(({ byteLength }) => byteLength)).toEqual([bytes, bytes]);
    expect(updates[1]!.equals(updates[0]!)).toBe(true);
    expect(events).toContainEqual({ type: 'update-sent', round: 8, bytes, duplicate: true });
    expect(await store.spends()).toHaveLength(1);
  });

  test('costs nothing when the model is not the present one any more, and the client waits for the next', async () => {
    const store = new MemoryDeviceStore();
    const clients: Client[] = [];
    const { url } = await serve(
      (client) => {
        clients.push(client);
        client.on('join', (_, reply) => {
          reply(seat);
          client.emit('round', invitation(large, 8, absent));
        });
      },
      {
        onRequest: (_, response) => {
          response.writeHead(404, { 'content-type': 'application/problem+json' });
          response.end('{"code":"ROUND_CLOSED","detail":"over"}');
        },
      },
    );
    const events = await take({
      manifest: large,
      url,
      store,
      onEvent: ({ type }) => {
        if (type === 'refused') clients[0]!.emit('training-done', done);
      },
    });
    expect(events).toContainEqual({ type: 'refused', round: 8, code: 'ROUND_CLOSED', message: 'over' });
    expect(types(events).at(-1)).toBe('done');
    expect(await store.spends()).toEqual([]);
  });
});
