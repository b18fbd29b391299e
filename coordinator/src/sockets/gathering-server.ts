import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ServerOptions, WebSocket, WebSocketServer } from 'ws';

/**
 * The WebSockets under socket.io: frames that one connection is sent in one turn of the event loop leave in one write.
 * By itself each is a call of the system, which costs more than a small frame: the end of a round, the next invitation
 * and its model are three for each client.
 */
export class GatheringServer extends WebSocketServer<typeof GatheringSocket> {
  constructor(options: ServerOptions) {
    super({ ...options, WebSocket: GatheringSocket });
  }

  override handleUpgrade(
    request: IncomingMessage,
    stream: Duplex,
    head: Buffer,
    upgraded: (socket: GatheringSocket, request: IncomingMessage) => void,
  ): void {
    super.handleUpgrade(request, stream, head, (socket, asked) => {
      socket.gatherOn(stream);
      upgraded(socket, asked);
    });
  }
}

type Data = Parameters<WebSocket['send']>[0];
type SendOptions = Parameters<WebSocket['send']>[1];
type Done = (error?: Error) => void;

class GatheringSocket extends WebSocket {
  #stream: Duplex | null = null;

  /** @param stream what this WebSocket writes its frames to */
  gatherOn(stream: Duplex): void {
    this.#stream = stream;
  }

  /**
   * @param done called once more may be sent: at once while the other end reads, since engine.io sends one frame after
   *   the other; else once the frame was written
   */
  override send(data: Data, done?: Done): void;
  override send(data: Data, options: SendOptions, done?: Done): void;
  override send(data: Data, optionsOrDone?: SendOptions | Done, otherDone?: Done): void {
    const isDone = typeof optionsOrDone === 'function';
    const done = isDone ? optionsOrDone : otherDone;
    const options = isDone ? {} : (optionsOrDone ?? {});
    const stream = this.#stream;
    if (stream === null || stream.writableNeedDrain || this.readyState !== WebSocket.OPEN) {
      super.send(data, options, done);
      return;
    }
    hold(stream);
    super.send(data, options);
    done?.();
  }
}

/** Streams that keep what is written to them until the end of this turn. */
let held: Duplex[] = [];

function hold(stream: Duplex): void {
  if (stream.writableCorked > 0) return;
  stream.cork();
  if (held.push(stream) === 1) setImmediate(releaseAll);
}

function releaseAll(): void {
  const streams = held;
  held = [];
  for (const stream of streams) stream.uncork();
}
