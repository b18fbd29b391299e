import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { fastify } from 'fastify';
import { expect, it, onTestFinished } from 'vitest';
import { sendProblem, toProblem } from './problem.ts';
import { limitUnread } from './unread-answers.ts';

/** More than the system's own buffers take. */
const LARGE = 32 * 1024 * 1024;

async function serve(options: { bytes: number; patienceMs: number }) {
  const app = fastify();
  app.setErrorHandler((error, _request, reply) => sendProblem(reply, toProblem(error)));
  limitUnread(app, options);
  app.get('/large', () => 'x'.repeat(LARGE));
  app.get('/small', () => 'x');
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => {
    app.server.closeAllConnections();
    return app.close();
  });
  return { url, app };
}

/** Asks for the large answer, and reads its first bytes alone. */
async function readSlowly(url: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => {});
  onTestFinished(() => void socket.destroy());
  socket.write('GET /large HTTP/1.1\r\nhost: x\r\n\r\n');
  await once(socket, 'readable');
  return socket;
}

it('refuses large answers while others are not read, and gives them again when those are gone', async () => {
  const { url } = await serve({ bytes: 1.5 * LARGE, patienceMs: 60_000 });
  const slow = await readSlowly(url);
  const refused = await fetch(new URL('/large', url));
  expect([refused.status, refused.headers.get('retry-after'), await refused.json()]).toMatchObject([
    503,
    '1',
    { code: 'UNAVAILABLE', retryAfterMs: 1000 },
  ]);
  expect((await fetch(new URL('/small', url))).status).toBe(200);
  slow.destroy();
  await expect.poll(async () => (await fetch(new URL('/large', url))).status).toBe(200);
});

it('cuts off who takes too long', async () => {
  const { url } = await serve({ bytes: LARGE, patienceMs: 200 });
  const slow = await readSlowly(url);
  const closed = once(slow, 'close');
  slow.resume();
  let read = 0;
  slow.on('data', (chunk) => {
    read += chunk.length;
    slow.pause();
    setTimeout(() => slow.resume(), 20);
  });
  await closed;
  expect(read).toBeLessThan(LARGE);
});
