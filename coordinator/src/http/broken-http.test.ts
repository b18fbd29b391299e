import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { pulseStudy } from '../../testing/pulse-study.ts';
import { runCoordinator } from '../../testing/running-coordinator.ts';
import { readServerFile } from './server-file.ts';

/** What came back until the connection was closed; nothing where it was reset, which may overtake the answer. */
async function raw(url: string, ...parts: (string | Uint8Array)[]): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  let answer = '';
  // It may well be reset.
  socket.on('error', () => {}).on('data', (chunk) => (answer += chunk.toString('latin1')));
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  for (const part of parts) socket.write(part);
  await closed;
  return answer;
}

const LINE = 'POST /api/v1/studies HTTP/1.1\r\nhost: localhost\r\n';
const deep = '['.repeat(200_000);

describe('[P4] HTTP that is none', () => {
  it.each<[string, (string | Uint8Array)[], RegExp]>([
    ['no request at all', ['\u0000\u0001\u0002\r\n\r\n'], /^HTTP\/1.1 400 /],
    ['a version that does not exist', ['GET / HTTP/9.9\r\n\r\n'], /^HTTP\/1.1 (400|505) /],
    ['a method that does not exist', ['MELT / HTTP/1.1\r\nhost: x\r\n\r\n'], /^HTTP\/1.1 400 /],
    ['no host', ['GET /healthz HTTP/1.1\r\n\r\n'], /^HTTP\/1.1 400 /],
    ['huge headers', [`GET /healthz HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`], /^HTTP\/1.1 431 |^$/],
    ['headers without end', [`GET / HTTP/1.1\r\n${'a: b\r\n'.repeat(20_000)}`], /^HTTP\/1.1 431 |^$/],
    ['a header folded over lines', ['GET / HTTP/1.1\r\nhost: x\r\n folded\r\n\r\n'], /^HTTP\/1.1 400 /],
    ['two lengths', [`${LINE}content-length: 5\r\ncontent-length: 6\r\n\r\nabcde`], /^HTTP\/1.1 400 /],
    [
      'a length and chunks',
      [`${LINE}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
      /^HTTP\/1.1 400 /,
    ],
    ['a negative length', [`${LINE}content-length: -1\r\n\r\n`], /^HTTP\/1.1 400 /],
    ['a line end in a header', ['GET / HTTP/1.1\r\nhost: x\r\nx: a\rb\r\n\r\n'], /^HTTP\/1.1 400 /],
  ])('%s is refused, and the next request is answered', async (name, parts, answer) => {
    const { url, get } = await runCoordinator();
    const text = await raw(url, ...parts);
    expect(text).toMatch(answer);
    // Node itself answers requests without a host.
    if (text !== '' && name !== 'no host') expect(text).toMatch(/content-type: application\/problem\+json/i);
    expect((await get('/healthz')).status).toBe(200);
  });

  it('is counted among the refusals', async () => {
    const { url, get } = await runCoordinator({ metricsPublic: true });
    await raw(url, 'MELT / HTTP/1.1\r\nhost: x\r\n\r\n');
    expect(await (await get('/metrics')).text()).toContain(
      'chorale_refusals_total{code="MESSAGE_MALFORMED",boundary="http"} 1',
    );
  });

  // Vitest reports an error that nobody hears, which would end the process.
  it.each([
    ['GET /healthz HTTP/1.1', 'Upgrade: websocket'],
    ['GET /socket.io/?EIO=4&transport=websocket HTTP/1.1', 'Upgrade: h2c'],
    ['GET /socket.io/?EIO=4&transport=none HTTP/1.1', 'Upgrade: websocket'],
    ['GET /socket.io/?EIO=4&transport=websocket HTTP/1.1', 'Upgrade: websocket'],
    ['CONNECT /healthz HTTP/1.1', 'Upgrade: websocket'],
  ])('%s with %s may be reset at any time', async (line, upgrade) => {
    const { url, get } = await runCoordinator();
    for (const wait of [false, true]) {
      const socket = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => {});
      socket.write(`${line}\r\nHost: x\r\nConnection: Upgrade\r\n${upgrade}\r\n\r\n`);
      if (wait) await Promise.race([once(socket, 'data'), once(socket, 'close')]);
      else await once(socket, 'connect');
      socket.resetAndDestroy();
      expect((await get('/healthz')).status).toBe(200);
    }
  });

  it('another protocol is not taken, and the request is answered', async () => {
    const { url } = await runCoordinator();
    const head = 'GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: upgrade, close\r\nupgrade: h2c\r\n\r\n';
    expect(await raw(url, head)).toMatch(/^HTTP\/1.1 200 /);
  });

  it('chunks that are none end their request alone', async () => {
    const { url, get, dataFolder } = await runCoordinator();
    const { operatorToken } = readServerFile(dataFolder)!;
    const head = `${LINE}authorization: Bearer ${operatorToken}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`;
    expect(await raw(url, `${head}zz\r\n{}\r\n0\r\n\r\n`)).toMatch(/^HTTP\/1.1 400 /);
    expect(await raw(url, `${head}fffffffffffffffff\r\n{}`)).toMatch(/^HTTP\/1.1 400 /);
    expect((await get('/healthz')).status).toBe(200);
  });

  it('a request that trickles in is given up, whatever part of it does', async () => {
    const { url, get } = await runCoordinator({ requestTimeoutMs: 200 });
    expect(await raw(url, 'GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: ')).toMatch(/^HTTP\/1.1 408 |^$/);
    const body =
      'POST /demo/invitations HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{';
    expect(await raw(url, body)).toMatch(/^HTTP\/1.1 408 |^$/);
    expect((await get('/healthz')).status).toBe(200);
  });

  it('bodies that are no JSON, or nothing but nesting, or reach for prototypes, are refused by name', async () => {
    const { get, dataFolder } = await runCoordinator({ manifests: [pulseStudy()] });
    const { operatorToken } = readServerFile(dataFolder)!;
    const headers = { authorization: `Bearer ${operatorToken}`, 'content-type': 'application/json' };
    for (const body of [
      '',
      'null',
      '7',
      '{"a":',
      deep,
      `{"a":${deep}`,
      '{"__proto__":{"polluted":1}}',
      '{"constructor":{"prototype":{"polluted":1}}}',
    ]) {
      for (const path of ['/api/v1/studies', '/demo/invitations']) {
        const response = await get(path, { method: 'POST', headers, body });
        expect([response.status, response.headers.get('content-type')], body.slice(0, 40)).toEqual([
          400,
          'application/problem+json; charset=utf-8',
        ]);
      }
    }
    expect(Object.prototype).not.toHaveProperty('polluted');
    const binary = await get('/demo/invitations', {
      method: 'POST',
      headers: { 'content-type': 'image/png' },
      body: 'x',
    });
    expect(binary.status).toBe(415);
  });
});
