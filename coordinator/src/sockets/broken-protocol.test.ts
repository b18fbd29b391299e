import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { limits } from '@chorale/protocol';
import { describe, expect, it } from 'vitest';
import { pulseStudy } from '../../testing/pulse-study.ts';
import { type Client, runCoordinator } from '../../testing/running-coordinator.ts';

type Running = Awaited<ReturnType<typeof runCoordinator>>;

const HANDSHAKE =
  'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n' +
  'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

/** Whether a connection still works: an unknown event is answered. */
async function isAlive(client: Client): Promise<boolean> {
  const reply: { ok: boolean } = await client.timeout(5000).emitWithAck('ping-me');
  return !reply.ok;
}

/** A raw WebSocket whose session is open. */
async function openSession({ url }: Running): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`);
  const heard = (start: string): Promise<void> =>
    new Promise((resolve) => {
      socket.addEventListener('message', ({ data }) => String(data).startsWith(start) && resolve());
    });
  await heard('0{');
  const joined = heard('40{');
  socket.send('40');
  await joined;
  return socket;
}

/** A TCP connection that has upgraded to WebSocket frames. */
async function upgraded({ url }: Running): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  // It may well be reset.
  socket.on('error', () => {});
  socket.write(HANDSHAKE);
  await once(socket, 'data');
  return socket;
}

/** Sends and waits until the other end has hung up. */
async function untilClosed(socket: Socket, bytes: Uint8Array): Promise<void> {
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  socket.resume().write(bytes);
  await closed;
}

const deep = `${'['.repeat(60_000)}${']'.repeat(60_000)}`;

describe('[P4] engine.io and WebSocket frames that are none', () => {
  it.each<[string, number[]]>([
    ['a frame without a mask', [0x81, 0x02, 0x34, 0x30]],
    ['reserved bits', [0xf1, 0x82, 0, 0, 0, 0, 0x34, 0x30]],
    ['an unknown opcode', [0x8b, 0x80, 0, 0, 0, 0]],
    ['a fragmented ping', [0x09, 0x80, 0, 0, 0, 0]],
    ['a continuation of nothing', [0x80, 0x80, 0, 0, 0, 0]],
    ['a text that is not UTF-8', [0x81, 0x83, 0, 0, 0, 0, 0x34, 0xff, 0xfe]],
    ['a frame that announces 2^63 bytes', [0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
    ['a frame that announces more than a message may have', [0x82, 0xff, 0, 0, 0, 0, 0, 2, 0, 1, 0, 0, 0, 0]],
  ])('%s ends its connection and no other', async (_name, bytes) => {
    const coordinator = await runCoordinator();
    const bystander = await coordinator.connect();
    await untilClosed(await upgraded(coordinator), Uint8Array.from(bytes));
    expect(await isAlive(bystander)).toBe(true);
  });

  it.each<[string, (string | Uint8Array<ArrayBuffer>)[]]>([
    ['parts that were not announced', [new Uint8Array(1000)]],
    ['more parts announced than any message has', ['4510-["update",{"_placeholder":true,"num":0}]']],
    ['endless parts announced', ['45999999999-["update",{"_placeholder":true,"num":0}]']],
    ['a placeholder out of range', ['451-["update",{"_placeholder":true,"num":1}]', new Uint8Array(8)]],
    ['a placeholder by a name', ['451-["update",{"_placeholder":true,"num":"length"}]', new Uint8Array(8)]],
    ['a part announced and a text sent', ['451-["update",{"_placeholder":true,"num":0}]', '42["report",{}]']],
    ['deep nesting around a part', [`451-["update",${deep}]`, new Uint8Array(8)]],
    ['a second session', ['40', '40/other,', '40']],
    ['an answer to nothing, then garbage', ['430[1]', '4null']],
    ['a heartbeat in the wrong direction', ['2']],
  ])('%s: only the connection that sent it may end', async (_name, messages) => {
    const coordinator = await runCoordinator({ manifests: [pulseStudy()] });
    const bystander = await coordinator.connect();
    const socket = await openSession(coordinator);
    const closed = new Promise((resolve) => socket.addEventListener('close', resolve));
    for (const message of messages) socket.send(message);
    // What did not end it is ended here.
    socket.send('41');
    socket.close();
    await closed;
    expect(await isAlive(bystander)).toBe(true);
    expect((await coordinator.get('/readyz')).status).toBe(200);
    expect(coordinator.logged.filter((line) => JSON.parse(line).level >= 50)).toEqual([]);
  });

  it('parts that never come hold no memory beyond one message: a second one ends the connection', async () => {
    const coordinator = await runCoordinator();
    const socket = await openSession(coordinator);
    const closed = new Promise((resolve) => socket.addEventListener('close', resolve));
    socket.send('452-["update",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]');
    await closed;
    expect((await coordinator.get('/healthz')).status).toBe(200);
  });

  it('keys that reach for prototypes change none', async () => {
    const coordinator = await runCoordinator({ manifests: [pulseStudy()] });
    const socket = await openSession(coordinator);
    const keys = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
    const answered = new Promise<string>((resolve) => {
      socket.addEventListener('message', ({ data }) => String(data).startsWith('437') && resolve(String(data)));
    });
    for (const event of ['report', 'join', 'update', 'decline', 'leave', '__proto__', 'constructor', 'toString']) {
      socket.send(`42${JSON.stringify([event])}`.replace(']', `,${keys}]`));
    }
    socket.send(`427["report",${keys}]`);
    expect(await answered).toContain('MESSAGE_MALFORMED');
    expect(Object.prototype).not.toHaveProperty('polluted');
    socket.close();
  });

  it('acknowledgements that are none, twice the same, or out of range are answered or left', async () => {
    const coordinator = await runCoordinator();
    const socket = await openSession(coordinator);
    const last = new Promise<string>((resolve) => {
      socket.addEventListener('message', ({ data }) => String(data).startsWith('439') && resolve(String(data)));
    });
    for (const text of [
      '42["report"]',
      '425["report"]',
      '425["report"]',
      '42["x",null]',
      '4299999999999999999999["x"]',
    ]) {
      socket.send(text);
    }
    socket.send('429["join",{}]');
    expect(await last).toContain('MESSAGE_MALFORMED');
    socket.close();
  });

  it('refuses a socket beyond the most that it may have, and has room again when one leaves', async () => {
    const coordinator = await runCoordinator({ maxConnections: 2 });
    const [first, second] = [await coordinator.connect(), await coordinator.connect()];
    await expect(coordinator.connect()).rejects.toThrow('websocket error');
    first.close();
    // The other end hears of it a moment later.
    await expect.poll(() => coordinator.connect().then(isAlive, () => false)).toBe(true);
    expect(await isAlive(second)).toBe(true);
  });

  it('takes sockets of listed origins and of its own pages only, where there is a list', async () => {
    const coordinator = await runCoordinator({ allowedOrigins: ['https://hr.example'] });
    const opens = (origin: string): Promise<boolean> =>
      coordinator.connect({ extraHeaders: { origin } }).then(
        () => true,
        () => false,
      );
    expect(await opens('https://hr.example')).toBe(true);
    expect(await opens(coordinator.url)).toBe(true);
    expect(await opens('https://evil.example')).toBe(false);
    const header = async (origin: string): Promise<string | null> =>
      (await coordinator.get('/api/v1/studies', { headers: { origin } })).headers.get('access-control-allow-origin');
    expect(await header('https://hr.example')).toBe('https://hr.example');
    expect(await header('https://evil.example')).toBe(null);
  });

  it('has no polling where it is not alone', async () => {
    const coordinator = await runCoordinator({ polling: false });
    expect((await coordinator.get('/socket.io/?EIO=4&transport=polling')).status).toBe(400);
    expect(await isAlive(await coordinator.connect())).toBe(true);
  });

  it('ends a WebSocket message whose parts together are too long', async () => {
    const coordinator = await runCoordinator();
    const bystander = await coordinator.connect();
    const socket = await upgraded(coordinator);
    const part = Buffer.alloc(limits.bulkBytes);
    const head = (first: boolean): Buffer => {
      const bytes = Buffer.alloc(14);
      bytes[0] = first ? 0x02 : 0x00;
      bytes[1] = 0xff;
      bytes.writeBigUInt64BE(BigInt(part.length), 2);
      return bytes;
    };
    const frames = [true, false, false].flatMap((first) => [head(first), part]);
    await untilClosed(socket, Buffer.concat(frames));
    expect(await isAlive(bystander)).toBe(true);
  });
});
