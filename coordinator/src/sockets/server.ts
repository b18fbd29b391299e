import type { IncomingHttpHeaders, Server as HttpServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { limits as protocolLimits } from '@chorale/protocol';
import { Server } from 'socket.io';
import { Decoder } from 'socket.io-parser';
import type { AllowedOrigins } from '../http/allowed-origins.ts';
import { clientAddress } from '../operations/client-address.ts';
import type { ChoraleServer } from './chorale-socket.ts';
import { CohortEncoder } from './cohort-encoder.ts';
import { ClientSession, type SessionOptions } from './client-session.ts';
import type { EngineConnection } from './engine-connection.ts';
import { GatheringServer } from './gathering-server.ts';
import { watchConnection } from './watch-connection.ts';

/** What sockets need of the coordinator. */
export type SocketOptions = SessionOptions & {
  origins: AllowedOrigins;
  /** Proxies that every request passes. */
  proxies: number;
  /** Most connections at a time. */
  maxConnections: number;
  /** Lets clients without WebSockets ask again and again; their requests must all reach one node. */
  polling: boolean;
};

/** The sockets of a coordinator. */
export type Sockets = {
  io: ChoraleServer;
  /** Resolves once all requests that are under way are answered, after `timeoutMs` at the latest. */
  answered(timeoutMs: number): Promise<void>;
  /** Ends all connections, but no session: clients come back by themselves, to whoever answers then. */
  close(): void;
};

/** Longest time between opening a connection and saying what for. */
const CONNECT_TIMEOUT_MS = 10_000;

/** No message has more than one binary part; parts that never come would be waited for in memory. */
class OneAttachmentDecoder extends Decoder {
  constructor() {
    super({ maxAttachments: 1 });
  }
}

/**
 * Serves socket.io on an HTTP server. A frame above `limits.messageBytes` closes the connection that
 * sent it, with WebSocket close code 1009 (over polling, status 413); others do not notice.
 */
export function attachSockets(server: HttpServer, options: SocketOptions): Sockets {
  const { metrics, origins } = options;
  const io: ChoraleServer = new Server(server, {
    maxHttpBufferSize: protocolLimits.messageBytes,
    // Deflate costs several times the CPU, and noise does not compress.
    perMessageDeflate: false,
    httpCompression: false,
    serveClient: false,
    transports: options.polling ? ['websocket', 'polling'] : ['websocket'],
    connectTimeout: CONNECT_TIMEOUT_MS,
    cors: (request: { headers: IncomingHttpHeaders }, done: CorsDone) => {
      const origin = origins.headers(request.headers)['access-control-allow-origin'] ?? false;
      done(null, { origin });
    },
    allowRequest: (request, done) => {
      if (io.engine.clientsCount >= options.maxConnections) return done('this node has no room', false);
      if (!origins.admits(request.headers)) return done('this origin is not served', false);
      // Until the answer nobody else listens to the socket, and an error that is not heard ends the process.
      request.socket.on('error', ignore);
      const decided = (problem: string | null): void => {
        request.socket.off('error', ignore);
        done(problem, problem === null);
      };
      options.limits.take({ address: clientAddress(request, options.proxies) }).then(
        () => decided(null),
        () => decided('too many connections were opened'),
      );
    },
    parser: { Encoder: CohortEncoder, Decoder: OneAttachmentDecoder },
    wsEngine: GatheringServer,
  });
  metrics.watchConnections(() => io.engine.clientsCount);

  io.engine.on('connection', (connection: EngineConnection) => {
    if (connection.request !== null) connection.remoteAddress = clientAddress(connection.request, options.proxies);
    // Headers and all: far more than everything else that an idle connection takes.
    connection.request = null;
    watchConnection(connection, options);
  });

  const { backlog } = options;
  io.on('connection', (socket) => {
    const session = new ClientSession(socket, options);
    socket.onAny((event: string, ...args: unknown[]) => void session.receive(event, args));
    socket.on('disconnect', () => session.disconnected());
  });
  return {
    io,
    async answered(timeoutMs) {
      const impatience = new AbortController();
      await Promise.race([backlog.idle(), sleep(timeoutMs, undefined, impatience).catch(() => undefined)]);
      impatience.abort();
    },
    close: () => io.engine.close(),
  };
}

function ignore(): void {
  // The connection is gone: whoever waits for it hears that by its end.
}

type CorsDone = (error: Error | null, options: { origin: string | false }) => void;
