import { once } from 'node:events';
import { connect } from 'node:net';
import { limits, type Reply } from '@chorale/protocol';
import { describe, expect, it } from 'vitest';
import { pulseStudy } from '../../testing/pulse-study.ts';
import { type Client, runCoordinator } from '../../testing/running-coordinator.ts';

const deepList: unknown[] = [];
for (let depth = 0, inner = deepList; depth < 2000; depth += 1) {
  const next: unknown[] = [];
  inner.push(next);
  inner = next;
}

const nonsense: [string, unknown[]][] = [
  ['nothing', []],
  ['null', [null]],
  ['a number', [1e308]],
  ['a string', ['x'.repeat(100_000)]],
  ['a list', [[1, [2, [3]]]]],
  ['a deep list', [deepList]],
  ['bytes', [Buffer.alloc(1000)]],
  ['a forbidden key', [JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{}}}')]],
  ['a function name', [{ token: 'toString', protocol: 'valueOf', study: '__proto__' }]],
  ['many arguments', Array.from({ length: 1000 }, (_, i) => i)],
];

const brokenFrames = [
  '4',
  '42',
  '42[',
  '42["report"',
  '42[1]',
  '42["connect",1]',
  '42["disconnecting"]',
  '4299999999999999999999["report",{}]',
  '45-["report",{"_placeholder":true,"num":0}]',
  '4599999999-["report",{"_placeholder":true,"num":99}]',
  '451-["report",{"_placeholder":true,"num":"__proto__"}]',
  '43["x"]',
  '40/admin,',
  '44{}',
  '9',
  '',
  '\u0000\uffff',
];

const emit = (client: Client, event: string, args: unknown[]): Promise<Reply> =>
  client.timeout(5000).emitWithAck(event, ...args);

/** Whether a connection still works: an unknown event is answered. */
const isAlive = async (client: Client) => !(await emit(client, 'ping-me', [])).ok;

/** A short text as a WebSocket client frames it, with a mask of zeros. */
function maskedFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}

describe('[P4] sockets', () => {
  it('answer any nonsense with a typed refusal, whatever the event', async () => {
    const coordinator = await runCoordinator({ manifests: [pulseStudy()] });
    for (const [name, args] of nonsense) {
      const client = await coordinator.connect();
      for (const event of ['report', 'join', 'update', 'decline', 'no-such-event', 'constructor']) {
        // With arguments beyond the message, a handler does not find its acknowledgement: no answer is due then.
        if (args.length !== 1) client.emit(event, ...args);
        else
          expect(await emit(client, event, args), name).toMatchObject({
            ok: false,
            error: { message: expect.any(String) },
          });
      }
      client.emit('leave', ...args);
      expect(await isAlive(client), name).toBe(true);
    }
    expect(Object.prototype).not.toHaveProperty('polluted');
    expect(coordinator.logged.filter((line) => JSON.parse(line).level >= 50)).toEqual([]);
  });

  it('survive broken frames: only the connection that sent one may end', async () => {
    const coordinator = await runCoordinator();
    const bystander = await coordinator.connect();
    for (const frame of brokenFrames) {
      const socket = new WebSocket(`${coordinator.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`);
      await once(socket, 'open');
      const closed = once(socket, 'close');
      socket.send('40');
      socket.send(frame);
      socket.send(new Uint8Array([4, 0, 255]));
      socket.close();
      await closed;
      expect(await isAlive(bystander), frame).toBe(true);
    }
    expect((await coordinator.get('/readyz')).status).toBe(200);
  });

  it('end the connection that sends too much at once with close code 1009, and no other', async () => {
    const coordinator = await runCoordinator();
    const bystander = await coordinator.connect();
    const client = await coordinator.connect();
    const ended = new Promise<unknown>((resolve) => client.once('disconnect', (_reason, details) => resolve(details)));
    client.emit('leave', Buffer.alloc(limits.messageBytes + 1));
    expect(await ended).toMatchObject({ context: { code: 1009 } });
    expect(await isAlive(bystander)).toBe(true);
    expect(await isAlive(await coordinator.connect())).toBe(true);
  });

  it('end a connection that asks without reading its answers, and no other', async () => {
    const coordinator = await runCoordinator();
    const bystander = await coordinator.connect();
    const flood = connect(Number(new URL(coordinator.url).port), '127.0.0.1');
    const ended = new Promise<void>((resolve) => flood.once('close', () => resolve()).on('error', () => {}));
    const heard = (text: string) =>
      new Promise<void>((resolve) => flood.on('data', (data) => data.includes(text) && resolve()));
    flood.write(
      'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n' +
        'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    await heard('0{');
    flood.write(maskedFrame('40'));
    await heard('40{');
    flood.pause();
    const questions = Buffer.concat(Array.from({ length: 1000 }, () => maskedFrame('421["x"]')));
    // Far more than the system's own buffers take; the connection is long gone by then.
    for (let sent = 0; sent < 4000 && !flood.destroyed; sent += 1) {
      if (!flood.write(questions)) await Promise.race([once(flood, 'drain').catch(() => {}), ended]);
    }
    await ended;
    expect(await isAlive(bystander)).toBe(true);
  });

  it('take the largest message that is allowed', async () => {
    const client = await (await runCoordinator()).connect();
    const reply = await emit(client, 'update', [{ study: 'pulse', round: 1, update: Buffer.alloc(limits.bulkBytes) }]);
    expect(reply).toMatchObject({ ok: false, error: { code: 'NOT_IN_COHORT' } });
  });

  it('refuse too much over polling with status 413', async () => {
    const coordinator = await runCoordinator();
    const path = '/socket.io/?EIO=4&transport=polling';
    const handshake = await (await coordinator.get(path)).text();
    const { sid }: { sid: string } = JSON.parse(handshake.slice(1));
    const body = 'x'.repeat(limits.messageBytes + 1);
    const response = await coordinator.get(`${path}&sid=${sid}`, { method: 'POST', body });
    expect(response.status).toBe(413);
  });

  it('serve pages of other origins', async () => {
    const coordinator = await runCoordinator();
    const response = await coordinator.get('/socket.io/?EIO=4&transport=polling', {
      headers: { origin: 'https://hr.example' },
    });
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
  });
});
