import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { GatheringServer } from './gathering-server.ts';

/** Both ends of a connection, and the stream under the server's. */
async function connect(): Promise<{ server: WebSocket; client: WebSocket; stream: Duplex }> {
  const http = createServer();
  const gathering = new GatheringServer({ noServer: true, perMessageDeflate: false });
  const upgraded = new Promise<{ server: WebSocket; stream: Duplex }>((resolve) => {
    http.on('upgrade', (request, stream, head) => {
      gathering.handleUpgrade(request, stream, head, (server) => resolve({ server, stream }));
    });
  });
  await once(http.listen(0, '127.0.0.1'), 'listening');
  const client = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`);
  onTestFinished(() => {
    client.terminate();
    http.close();
  });
  await once(client, 'open');
  return { ...(await upgraded), client };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('writes what it sends in one turn together, in order, and asks for the next frame at once', async () => {
  const { server, client, stream } = await connect();
  const received: string[] = [];
  const all = new Promise<void>((resolve) => {
    client.on('message', (data: Buffer) => {
      if (received.push(data.toString()) === 4) resolve();
    });
  });
  let done = 0;
  for (const text of ['ended', 'round', 'model']) server.send(text, () => (done += 1));
  server.send(Buffer.from('bytes'), { binary: true }, () => (done += 1));
  expect(done).toBe(4);
  expect(stream.writableLength).toBeGreaterThan(0);
  await turn();
  expect(stream.writableLength).toBe(0);
  await all;
  expect(received).toEqual(['ended', 'round', 'model', 'bytes']);
});

it('[P4] asks for no more while the other end does not read', async () => {
  const { server, client, stream } = await connect();
  client.pause();
  const block = Buffer.alloc(1 << 20);
  while (!stream.writableNeedDrain) {
    server.send(block);
    // oxlint-disable-next-line no-await-in-loop -- each turn's bytes are handed to the system first
    await turn();
  }
  let isDone = false;
  const written = new Promise<void>((resolve) => {
    server.send('last', () => {
      isDone = true;
      resolve();
    });
  });
  await turn();
  expect(isDone).toBe(false);
  client.resume();
  await written;
});

it('tells that nothing can be sent any more', async () => {
  const { server, client } = await connect();
  client.terminate();
  await once(server, 'close');
  const error = await new Promise((resolve) => server.send('late', resolve));
  expect(error).toBeInstanceOf(Error);
});
