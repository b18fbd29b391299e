import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { seededRandom } from '@chorale/privacy/testing';
import { type ClientToServerEvents, limits, type ServerToClientEvents } from '@chorale/protocol';
import { Server } from 'socket.io';
import { afterEach, describe, expect, test } from 'vitest';
import { CoordinatorConnection } from './coordinator-connection.ts';
import type { Retry } from './retry.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

type Exchange = { request: IncomingMessage; response: ServerResponse };

/** A coordinator's HTTP and socket ends on one real port, under a path; exchanges happen one by one as listed. */
async function serve(
  exchanges: ((exchange: Exchange) => void | Promise<void>)[],
  { onSocketUpdate = () => {} }: { onSocketUpdate?: (update: Uint8Array) => void } = {},
): Promise<{ url: string; paths: string[] }> {
  const paths: string[] = [];
  const server = createServer((request, response) => {
    paths.push(`${request.method} ${request.url}`);
    const exchange = exchanges.shift();
    if (exchange === undefined) response.writeHead(500).end();
    else void exchange({ request, response });
  });
  const io = new Server<ClientToServerEvents, ServerToClientEvents>(server, { path: '/hr/socket.io' });
  io.on('connection', (socket) => {
    socket.on('update', ({ update }, reply) => {
      onSocketUpdate(update);
      reply({ ok: true, duplicate: true });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    void io.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hr`, paths };
}

function connect(coordinator: string, { timeoutMs = 5000 }: { timeoutMs?: number } = {}): CoordinatorConnection {
  const connection = new CoordinatorConnection({
    coordinator,
    token: 'to.ken',
    random: seededRandom(1),
    timeoutMs,
    backoff: { firstMs: 10, longestMs: 50 },
  });
  closing.unshift(() => connection.disconnect());
  return connection;
}

const model = Uint8Array.from({ length: limits.bulkBytes + 4 }, (_, i) => i % 251);
const absent = { study: 'tiny', model: null, modelRound: 3 };
const modelBytes = model.byteLength;
/** Larger than what travels on the socket. */
const update = Uint8Array.from({ length: limits.bulkBytes + 4 }, (_, i) => (i * 7) % 253);

const problem = ({ response }: Exchange, status: number, body: object): void => {
  response.writeHead(status, { 'content-type': 'application/problem+json' }).end(JSON.stringify(body));
};

const unavailable = (exchange: Exchange): void => problem(exchange, 503, { code: 'UNAVAILABLE' });

describe('the model of a round', () => {
  test('that came with the invitation is taken as it came', async () => {
    const { url, paths } = await serve([]);
    const small = Uint8Array.of(1, 2, 3, 4);
    expect(await connect(url).model({ ...absent, model: small }, { modelBytes: 4 })).toBe(small);
    expect(paths).toEqual([]);
  });

  test('that was too large for it is fetched from beside the socket', async () => {
    const { url, paths } = await serve([({ response }) => void response.end(model)]);
    expect(await connect(url).model(absent, { modelBytes })).toEqual(model);
    expect(paths).toEqual(['GET /hr/api/v1/studies/tiny/models/3']);
  });

  test('is asked for again while the coordinator is busy, or breaks off', async () => {
    const { url, paths } = await serve([
      (exchange) => problem(exchange, 503, { code: 'UNAVAILABLE', detail: 'draining', retryAfterMs: 60 }),
      ({ response }) => {
        response.writeHead(200, { 'content-length': modelBytes });
        response.write(model.subarray(0, 1000), () => response.destroy());
      },
      ({ response }) => void response.end(model),
    ]);
    const retries: Retry[] = [];
    const options = { modelBytes, onRetry: (retry: Retry) => void retries.push(retry) };
    expect(await connect(url).model(absent, options)).toEqual(model);
    expect(retries.map(({ error }) => error.code)).toEqual(['UNAVAILABLE', 'CONNECTION_LOST']);
    expect(retries[0]).toMatchObject({ error: { message: 'draining', retryAfterMs: 60 } });
    expect(retries[0]!.waitMs).toBeGreaterThanOrEqual(60);
    expect(paths).toHaveLength(3);
  });

  test('is asked for again when no answer comes', async () => {
    // So few bytes that their time on a slow line adds little to the limit of an attempt.
    const few = model.subarray(0, 40);
    const answers = Array.from(
      { length: 20 },
      () =>
        ({ response }: Exchange) =>
          void response.end(few),
    );
    const { url } = await serve([() => {}, ...answers]);
    const retries = new Set<string>();
    const fetched = connect(url, { timeoutMs: 300 }).model(absent, {
      modelBytes: few.byteLength,
      signal: new AbortController().signal,
      onRetry: ({ error }) => void retries.add(error.code),
    });
    expect(await fetched).toEqual(few);
    expect([...retries]).toEqual(['CONNECTION_LOST']);
  });

  test('of another size is refused: a longer one before it is read, or as soon as that is seen', async () => {
    const given: Promise<unknown>[] = [];
    const { url } = await serve([
      ({ response }) => {
        given.push(once(response, 'close'));
        response.writeHead(200, { 'content-length': modelBytes + 1 });
        response.write(model.subarray(0, 1));
      },
      ({ response }) => {
        given.push(once(response, 'close'));
        const more = (): void => {
          if (!response.destroyed) void (response.write(model) ? setImmediate(more) : response.once('drain', more));
        };
        more();
      },
      ({ response }) => void response.end(model.subarray(0, 400)),
    ]);
    const connection = connect(url);
    for (const got of ['more', 'more', '400']) {
      await expect(connection.model(absent, { modelBytes })).rejects.toMatchObject({
        code: 'UPDATE_SHAPE',
        message: `model: ${modelBytes} bytes expected, got ${got}`,
      });
    }
    // Neither of the two would have ended by itself.
    await Promise.all(given);
  });

  test('that is not the present one any more is a closed round', async () => {
    const { url, paths } = await serve([
      (exchange) => problem(exchange, 404, { code: 'ROUND_CLOSED', detail: 'round 3 is over' }),
    ]);
    await expect(connect(url).model(absent, { modelBytes })).rejects.toMatchObject({
      code: 'ROUND_CLOSED',
      message: 'round 3 is over',
    });
    expect(paths).toHaveLength(1);
  });

  test('is given up when its caller does, in the middle of it as well', async () => {
    const arriving = Promise.withResolvers<void>();
    const { url } = await serve([
      ({ response }) => void response.write(model.subarray(0, 1000), () => arriving.resolve()),
    ]);
    const caller = new AbortController();
    const fetched = connect(url).model(absent, { modelBytes, signal: caller.signal });
    await arriving.promise;
    caller.abort(new Error('enough'));
    await expect(fetched).rejects.toThrow('enough');
  });

  test('is not asked for again once an attempt was to be the last', async () => {
    const { url, paths } = await serve([unavailable, unavailable]);
    const connection = connect(url);
    const over = new AbortController();
    const options = { modelBytes, lastAttempt: over.signal, onRetry: () => over.abort(new Error('over')) };
    await expect(connection.model(absent, options)).rejects.toThrow('over');
    expect(paths).toHaveLength(1);
    // An attempt that is under way by then has its own answer.
    await expect(connection.model(absent, options)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(paths).toHaveLength(2);
  });
});

describe('an update', () => {
  test('goes on the socket up to the limit, and by a request of its own above it', async () => {
    const onSocket: number[] = [];
    const { url, paths } = await serve(
      [
        async ({ request, response }) => {
          await buffer(request);
          response.end('{"duplicate":false}');
        },
      ],
      { onSocketUpdate: (bytes) => onSocket.push(bytes.byteLength) },
    );
    const connection = connect(url);
    const send = (bytes: Uint8Array) => connection.sendUpdate({ study: 'tiny', round: 5, update: bytes });
    expect(await send(update.subarray(0, limits.bulkBytes))).toMatchObject({ duplicate: true });
    expect(onSocket).toEqual([limits.bulkBytes]);
    paths.splice(0);
    expect(await send(update)).toEqual({ duplicate: false });
    expect(paths).toEqual(['POST /hr/api/v1/studies/tiny/rounds/5/update']);
    expect(onSocket).toHaveLength(1);
  });

  test('[B1] is the very same bytes at every attempt, with the invitation', async () => {
    const bodies: Buffer[] = [];
    const headers: unknown[] = [];
    const keep = async ({ request }: Exchange): Promise<void> => {
      headers.push([request.headers.authorization, request.headers['content-type']]);
      bodies.push(await buffer(request));
    };
    const { url } = await serve([
      ({ request }) => void request.once('data', () => request.destroy()),
      async (exchange) => {
        await keep(exchange);
        exchange.response.destroy();
      },
      async (exchange) => {
        await keep(exchange);
        problem(exchange, 503, { code: 'STORAGE_UNAVAILABLE', detail: 'the disk', retryAfterMs: 30 });
      },
      async (exchange) => {
        await keep(exchange);
        exchange.response.end('{"duplicate":true}');
      },
    ]);
    const retries: string[] = [];
    // Part of a larger buffer, as a store may return it.
    const part = new Uint8Array([9, 9, 9, ...update, 9]).subarray(3, 3 + update.byteLength);
    expect(
      await connect(url).sendUpdate(
        { study: 'tiny', round: 5, update: part },
        { onRetry: ({ error }) => retries.push(error.code) },
      ),
    ).toEqual({ duplicate: true });
    expect(retries).toEqual(['CONNECTION_LOST', 'CONNECTION_LOST', 'STORAGE_UNAVAILABLE']);
    expect(bodies.map((body) => Buffer.from(update).equals(body))).toEqual([true, true, true]);
    expect(new Set(headers.map(String))).toEqual(new Set(['Bearer to.ken,application/octet-stream']));
  });

  test.each([
    [401, { code: 'TOKEN_INVALID', detail: 'no' }, { code: 'TOKEN_INVALID', message: 'no' }],
    [409, { code: 'UPDATE_DUPLICATE', detail: 'another' }, { code: 'UPDATE_DUPLICATE', message: 'another' }],
    [404, '<h1>Not found</h1>', { code: 'MESSAGE_MALFORMED', message: 'the coordinator answered 404' }],
    [413, '', { code: 'MESSAGE_TOO_LARGE', message: 'the coordinator answered 413' }],
    [400, 'x'.repeat(100_000), { code: 'MESSAGE_MALFORMED' }],
    [200, '{"ok":true}', { code: 'MESSAGE_MALFORMED' }],
    [200, '', { code: 'MESSAGE_MALFORMED' }],
  ])('an answer of %i %j is final', async (status, body, refusal) => {
    const { url, paths } = await serve([
      async ({ request, response }) => {
        await buffer(request);
        response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
      },
    ]);
    const sent = connect(url).sendUpdate({ study: 'tiny', round: 5, update });
    await expect(sent).rejects.toMatchObject({ name: 'ChoraleError', ...refusal });
    expect(paths).toHaveLength(1);
  });

  test.each([
    [429, { 'retry-after': '7' }, 'too many', { code: 'RATE_LIMITED', retryAfterMs: 7000 }],
    [503, { 'retry-after': '7' }, '{"code":"UNAVAILABLE","retryAfterMs":100}', { retryAfterMs: 100 }],
    [503, { 'retry-after': 'Sun, 02 Nov 2025 08:00:00 GMT' }, '', { code: 'UNAVAILABLE', retryAfterMs: 0 }],
    [502, { 'retry-after': 'soon' }, '', { code: 'UNAVAILABLE', retryAfterMs: undefined }],
    [500, {}, '{"code":"INTERNAL","detail":"oh"}', { code: 'INTERNAL', message: 'oh' }],
  ])('an answer of %i with %j and %j is waited out', async (status, headers, body, refusal) => {
    const { url } = await serve([({ response }) => void response.writeHead(status, headers).end(body)]);
    const retry = Promise.withResolvers<Retry>();
    const caller = new AbortController();
    const sent = connect(url).sendUpdate(
      { study: 'tiny', round: 5, update },
      { signal: caller.signal, onRetry: retry.resolve },
    );
    const { error, waitMs } = await retry.promise;
    expect(error).toMatchObject(refusal);
    expect(waitMs).toBeGreaterThanOrEqual(error.retryAfterMs ?? 0);
    caller.abort(new Error('enough'));
    await expect(sent).rejects.toThrow('enough');
  });
});
