import type { Socket } from 'socket.io';
import { childConfig } from '../child.ts';
import { serveBare } from './bare-server.ts';

// The least that a report can cost with socket.io: it is acknowledged at once. No invitation is checked, nothing is
// parsed, limited, counted or stored.
await childConfig();
await serveBare({ largestMessage: 64 * 1024 }, (io) =>
  io.on('connection', (socket: Socket) => {
    const reply = { ok: true, duplicate: false, receivedAt: new Date().toISOString() };
    socket.on('report', (_message, acknowledge: (answer: object) => void) => acknowledge(reply));
  }),
);
