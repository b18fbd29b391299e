import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { seededRandom } from '@chorale/privacy/testing';
import type { ClientToServerEvents, UpdateReply, ServerToClientEvents } from '@chorale/protocol';
import { Server, type Socket } from 'socket.io';
import { afterEach, describe, expect, test } from 'vitest';
import { CoordinatorConnection } from './coordinator-connection.ts';
import type { Retry } from './retry.ts';

type FaultySocket = Socket<ClientToServerEvents, ServerToClientEvents>;
const stored: UpdateReply = { ok: true, duplicate: false };
const contribution = { study: 'pulse', round: 1, update: Uint8Array.of(7, 0, 255) };

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A coordinator's socket end on a real port that does what a test makes go wrong. */
async function serve(
  onConnection: (socket: FaultySocket) => void,
  {
    port = 0,
    path = '/socket.io',
    admit = async () => {},
  }: { port?: number; path?: string; admit?: () => Promise<void> } = {},
): Promise<{ url: string; port: number; io: Server }> {
  const server = createServer();
  const io = new Server<ClientToServerEvents, ServerToClientEvents>(server, { path });
  io.use((_, next) => void admit().then(() => next()));
  io.on('connection', onConnection);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  closing.push(() => io.close());
  const address = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${address.port}`, port: address.port, io };
}

function connect(coordinator: string, timeoutMs = 5000): CoordinatorConnection {
  const connection = new CoordinatorConnection({
    coordinator,
    token: 'token',
    random: seededRandom(1),
    timeoutMs,
    backoff: { firstMs: 10, longestMs: 50 },
  });
  closing.unshift(async () => connection.disconnect());
  return connection;
}

const deliver = (
  connection: CoordinatorConnection,
  onRetry?: (retry: Retry) => void,
): Promise<{ duplicate: boolean }> => connection.sendUpdate(contribution, { onRetry });

describe('a connection to a coordinator', () => {
  test('[S7] repeats the same bytes while it gets no answer, on a coordinator with a path of its own', async () => {
    const updates: Uint8Array[] = [];
    const { url } = await serve(
      (socket) => {
        socket.on('update', ({ update }, reply) => {
          updates.push(Uint8Array.from(update));
          if (updates.length === 2) socket.disconnect(true);
          if (updates.length === 3) reply(stored);
        });
      },
      { path: '/hr/socket.io' },
    );
    const retries: string[] = [];
    expect(await deliver(connect(`${url}/hr`, 200), ({ error }) => retries.push(error.code))).toMatchObject({
      duplicate: false,
    });
    expect(updates).toEqual([contribution.update, contribution.update, contribution.update]);
    // Once more for each connection that a slow machine takes longer than that for.
    expect(retries.length).toBeGreaterThanOrEqual(2);
    expect(new Set(retries)).toEqual(new Set(['CONNECTION_LOST']));
  });

  test('waits as long as a busy coordinator asks for, and up to a tenth longer', async () => {
    let calls = 0;
    const { url } = await serve((socket) => {
      socket.on('update', (_, reply) => {
        calls += 1;
        if (calls === 1)
          reply({ ok: false, error: { code: 'MESSAGE_TOO_LARGE', message: 'later', retryAfterMs: 120 } });
        else if (calls === 2) reply({ ok: false, error: { code: 'INTERNAL', message: 'oh' } });
        else reply(stored);
      });
    });
    const waits: number[] = [];
    await deliver(connect(url), ({ waitMs }) => waits.push(waitMs));
    expect(waits).toHaveLength(2);
    expect(waits[0]).toBeGreaterThanOrEqual(120);
    expect(waits[0]).toBeLessThanOrEqual(132);
    expect(waits[1]).toBeLessThanOrEqual(20);
  });

  test.each(['RATE_LIMITED', 'STORAGE_UNAVAILABLE', 'UNAVAILABLE'] as const)(
    'a refusal with %s passes: the same request is repeated',
    async (code) => {
      let calls = 0;
      const { url } = await serve((socket) => {
        socket.on('update', (_, reply) => {
          calls += 1;
          reply(calls === 1 ? { ok: false, error: { code, message: 'later' } } : stored);
        });
      });
      const retries: string[] = [];
      expect(await deliver(connect(url), ({ error }) => retries.push(error.code))).toMatchObject({ duplicate: false });
      expect([calls, retries]).toEqual([2, [code]]);
    },
  );

  test('a node that gives no seat because it is unavailable is left: another behind the same address may have one', async () => {
    const ids: string[] = [];
    const { url } = await serve((socket) => {
      ids.push(socket.id);
      socket.on('join', (_, reply) =>
        reply(
          ids.length === 1
            ? { ok: false, error: { code: 'UNAVAILABLE', message: 'draining', retryAfterMs: 20 } }
            : { ok: true, committedRounds: 2, done: false },
        ),
      );
    });
    expect(await connect(url).join('sha256-')).toEqual({
      committedRounds: 2,
      done: false,
      usedUp: false,
      comeBackMs: null,
    });
    expect(new Set(ids).size).toBe(2);
  });

  test('who is asked to come back stays away so long, up to a tenth longer, and never comes at once', async () => {
    const asked = [1000, 0];
    const { url } = await serve((socket) => {
      socket.on('join', (_, reply) =>
        reply({ ok: true, committedRounds: 2, done: false, comeBackMs: asked.shift() as number }),
      );
    });
    const connection = connect(url);
    const { comeBackMs } = await connection.join('sha256-');
    expect(comeBackMs).toBeGreaterThanOrEqual(1000);
    expect(comeBackMs).toBeLessThanOrEqual(1100);
    expect((await connection.join('sha256-')).comeBackMs).toBeGreaterThanOrEqual(10);
  });

  test('lets go of the socket once what is under way is answered, and not before', async () => {
    const held = Promise.withResolvers<(reply: UpdateReply) => void>();
    const left = Promise.withResolvers<string>();
    const { url } = await serve((socket) => {
      socket.on('update', (_, reply) => held.resolve(reply));
      socket.on('disconnect', (reason) => left.resolve(reason));
    });
    const connection = connect(url, 5000);
    const delivery = deliver(connection);
    const reply = await held.promise;
    connection.disconnectWhenIdle();
    expect(connection.connected).toBe(true);
    reply(stored);
    expect(await delivery).toMatchObject({ duplicate: false });
    expect(await left.promise).toBe('client namespace disconnect');
    expect(connection.connected).toBe(false);
  });

  test.each(['NOT_IN_COHORT', 'TOKEN_INVALID', 'UPDATE_OVER_NORM'] as const)(
    'a refusal with %s is final',
    async (code) => {
      let calls = 0;
      const { url } = await serve((socket) => {
        socket.on('update', (_, reply) => {
          calls += 1;
          reply({ ok: false, error: { code, message: 'no' } });
        });
      });
      await expect(deliver(connect(url))).rejects.toMatchObject({ name: 'ChoraleError', code, message: 'no' });
      expect(calls).toBe(1);
    },
  );

  test.each([[{ ok: true }], [{ ok: true, duplicate: 'no' }], ['yes'], [null]])(
    'a reply of %j is malformed',
    async (answer) => {
      const { url } = await serve((socket) => {
        socket.on('update', (_, reply) => reply(answer as unknown as UpdateReply));
      });
      await expect(deliver(connect(url))).rejects.toMatchObject({ code: 'MESSAGE_MALFORMED' });
    },
  );

  test('keeps trying while there is no coordinator, and finds the one that comes', async () => {
    const { port, url, io } = await serve(() => {});
    await io.close();
    const connection = connect(url);
    const failed = Promise.withResolvers<void>();
    const delivery = deliver(connection, () => failed.resolve());
    await failed.promise;
    await serve((socket) => socket.on('update', (_, reply) => reply(stored)), { port });
    expect(await delivery).toMatchObject({ duplicate: false });
  });

  test('gives up when its caller does', async () => {
    const { url } = await serve(() => {});
    const connection = connect(url, 60_000);
    const caller = new AbortController();
    const delivery = connection.sendUpdate(contribution, { signal: caller.signal });
    caller.abort(new Error('enough'));
    await expect(delivery).rejects.toThrow('enough');
  });

  test('opens one session, whenever requests start, and connects again after letting go', async () => {
    let sessions = 0;
    const asked = Promise.withResolvers<void>();
    const admitted = Promise.withResolvers<void>();
    const { url } = await serve(
      (socket) => {
        sessions += 1;
        socket.on('update', (_, reply) => reply(stored));
        socket.on('join', (_, reply) => reply({ ok: true, committedRounds: 3, done: false }));
      },
      {
        admit: () => {
          asked.resolve();
          return admitted.promise;
        },
      },
    );
    const connection = connect(url, 5000);
    expect(connection.connected).toBe(false);
    const early = [connection.join('sha256-'), deliver(connection)];
    await asked.promise;
    const late = deliver(connection);
    admitted.resolve();
    const [joined] = await Promise.all([...early, late]);
    expect([joined, sessions]).toMatchObject([{ committedRounds: 3 }, 1]);
    connection.disconnect();
    await deliver(connection);
    expect(sessions).toBe(2);
  });

  test('drops messages that are none of the protocol’s, and comes back when the coordinator hangs up', async () => {
    let sessions = 0;
    const { url } = await serve((socket) => {
      sessions += 1;
      socket.emit('round', { study: 'pulse', round: 0 } as never);
      if (sessions === 1) socket.disconnect();
      else socket.emit('training-done', { study: 'pulse', committedRounds: 7 });
    });
    const heard: string[] = [];
    const done = Promise.withResolvers<number>();
    const note = (what: string) => (): void => void heard.push(what);
    const unsubscribe = connect(url).subscribe({
      connected: note('connected'),
      disconnected: note('disconnected'),
      round: note('round'),
      roundEnded: note('round ended'),
      trainingDone: ({ committedRounds }) => done.resolve(committedRounds),
      malformed: ({ code }) => heard.push(code),
    });
    expect(await done.promise).toBe(7);
    unsubscribe();
    expect(heard).toEqual(['connected', 'MESSAGE_MALFORMED', 'disconnected', 'connected', 'MESSAGE_MALFORMED']);
  });
});
