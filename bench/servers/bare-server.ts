import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import { say } from '../child.ts';
import { answerUsage } from './server-usage.ts';

/**
 * Serves socket.io as it comes, by WebSocket alone, and tells the parent where: what the coordinator is held against.
 * @param prepare hears of connections before the first one can come
 */
export async function serveBare(
  { largestMessage }: { largestMessage: number },
  prepare: (io: Server) => void,
): Promise<void> {
  const http = createServer();
  const io = new Server(http, {
    maxHttpBufferSize: largestMessage,
    perMessageDeflate: false,
    serveClient: false,
    transports: ['websocket'],
  });
  prepare(io);
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  process.on('disconnect', () => process.exit(0));
  answerUsage();
  say({ type: 'ready', url: `http://127.0.0.1:${(http.address() as AddressInfo).port}` });
}
