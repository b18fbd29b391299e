import type { Server, Socket } from 'node:net';

/**
 * The connections of a server. It can only close when all of them have ended, and some never end by
 * themselves: a browser opens one ahead of need, a body trickles in, a WebSocket's other end is asleep.
 */
export class OpenConnections {
  readonly #sockets = new Set<Socket>();

  /** @param server not listening yet */
  constructor(server: Server) {
    const sockets = this.#sockets;
    // One function for all: there may be ten thousand.
    function forget(this: Socket): void {
      sockets.delete(this);
    }
    server.on('connection', (socket) => void sockets.add(socket.once('close', forget)));
  }

  /** Cuts off, after a moment, whoever is connected then; the function that it returns calls that off. */
  cutLater(delayMs: number): () => void {
    const timer = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, delayMs);
    return () => clearTimeout(timer);
  }
}
