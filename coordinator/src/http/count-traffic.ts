import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Metrics } from '../operations/metrics.ts';

/** Counts what came and went over the connections of requests: what a head says of its body need not be true. */
export function countTraffic(app: FastifyInstance, traffic: Metrics['traffic']['http']): void {
  const counted = new WeakMap<Socket, { read: number; written: number }>();
  app.addHook('onResponse', async ({ raw: { socket } }) => {
    const { read, written } = counted.get(socket) ?? { read: 0, written: 0 };
    const now = { read: socket.bytesRead, written: socket.bytesWritten };
    traffic.received += now.read - read;
    traffic.sent += now.written - written;
    counted.set(socket, now);
  });
}
