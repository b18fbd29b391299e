import {
  ChoraleError,
  type ClientToServerEvents,
  PROTOCOL_VERSION,
  type ReportReply,
  type ServerToClientEvents,
} from '@chorale/protocol';
import { io, type Socket } from 'socket.io-client';

const ackTimeoutMs = 20_000;
const attempts = 5;

type ReportSocket = Socket<ServerToClientEvents, ClientToServerEvents>;

/**
 * A few sockets that many simulated employees share: each report message carries its own invitation, so
 * thousands of people need no thousand connections from one process.
 */
export class ReportSockets {
  readonly #sockets: ReportSocket[];
  #next = 0;

  private constructor(sockets: ReportSocket[]) {
    this.#sockets = sockets;
  }

  /** @throws ChoraleError `CONNECTION_LOST` unless all connect. */
  static async connect(server: string, count: number): Promise<ReportSockets> {
    const sockets = Array.from({ length: count }, (): ReportSocket =>
      io(server, { transports: ['websocket'], forceNew: true }),
    );
    try {
      await Promise.all(sockets.map(connected));
    } catch (error) {
      for (const socket of sockets) socket.close();
      throw error;
    }
    return new ReportSockets(sockets);
  }

  /**
   * Sends one report until it is acknowledged, the same text each time.
   * @throws ChoraleError with the coordinator's code, or `CONNECTION_LOST` when it does not answer.
   */
  async send(message: { token: string; report: string }): Promise<ReportReply & { ok: true }> {
    let cause: unknown;
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const socket = this.#sockets[this.#next++ % this.#sockets.length]!;
      const reply = await socket
        .timeout(ackTimeoutMs)
        .emitWithAck('report', { protocol: PROTOCOL_VERSION, ...message })
        .catch((error: unknown) => void (cause = error));
      if (reply?.ok === true) return reply;
      if (reply?.ok === false) {
        const { code, message: text, retryAfterMs } = reply.error;
        if (retryAfterMs === undefined) throw new ChoraleError(code, text);
        await new Promise((resolve) => setTimeout(resolve, retryAfterMs));
      }
    }
    throw new ChoraleError('CONNECTION_LOST', 'the coordinator did not acknowledge a report', { cause });
  }

  close(): void {
    for (const socket of this.#sockets) socket.close();
  }
}

async function connected(socket: ReportSocket): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once('connect', resolve);
  socket.once('connect_error', (cause) =>
    reject(new ChoraleError('CONNECTION_LOST', 'the coordinator cannot be reached', { cause })),
  );
  await promise;
}
