import type { Server as HttpServer } from 'node:http';
import { ChoraleError, limits } from '@chorale/protocol';
import type { Logger } from 'pino';
import { Server } from 'socket.io';
import type { TrainingService } from '../rounds/training-service.ts';
import type { Invitations } from '../surveys/invitations.ts';
import type { ReportService } from '../surveys/report-service.ts';
import type { StudyRegistry } from '../surveys/study-registry.ts';
import type { ChoraleServer, ChoraleSocket } from './chorale-socket.ts';
import { answer } from './reply.ts';
import { attachReportHandler } from './report-handler.ts';
import { attachTrainingHandler } from './training-handler.ts';

/** What sockets need of the coordinator. */
export type SocketOptions = {
  reports: ReportService;
  training: TrainingService;
  studies: StudyRegistry;
  invitations: Invitations;
  log: Logger;
};

const EVENTS = new Set(['report', 'join', 'leave', 'update', 'decline']);

/**
 * Serves socket.io on an HTTP server. A frame above `limits.messageBytes` closes the connection that
 * sent it, with WebSocket close code 1009 (over polling, status 413); others do not notice.
 */
export function attachSockets(server: HttpServer, options: SocketOptions): ChoraleServer {
  const io: ChoraleServer = new Server(server, {
    maxHttpBufferSize: limits.messageBytes,
    // Deflate costs several times the CPU, and noise does not compress.
    perMessageDeflate: false,
    httpCompression: false,
    serveClient: false,
    transports: ['websocket', 'polling'],
    cors: { origin: '*' },
  });
  dropSlowReaders(io, options.log);
  io.on('connection', (socket) => {
    attachReportHandler(socket, options);
    attachTrainingHandler(socket, options);
    refuseUnknownEvents(socket, options.log);
    // What socket.io could not make sense of; without a listener it writes to the console.
    socket.on('error', (error) => options.log.debug({ err: error }, 'a socket failed'));
  });
  return io;
}

/** Packets that may wait for one connection to read them. Acknowledgements are small, and models are shared. */
const UNREAD_PACKETS = 5000;

/** A connection that asks and does not read would fill the memory with its answers: it is closed. */
function dropSlowReaders(io: ChoraleServer, log: Logger): void {
  io.engine.on('connection', (connection: EngineSocket) => {
    connection.on('packet', () => {
      if (connection.writeBuffer.length <= UNREAD_PACKETS) return;
      log.debug('a connection was closed that does not read its answers');
      connection.close(true);
      // A closing handshake would wait for the reader that does not read.
      connection.request.socket.destroy();
    });
  });
}

/** What is used of an engine.io connection. */
type EngineSocket = {
  readonly writeBuffer: readonly unknown[];
  on(event: 'packet', listener: () => void): void;
  readonly request: { readonly socket: { destroy(): void } };
  close(discard: boolean): void;
};

function refuseUnknownEvents(socket: ChoraleSocket, log: Logger): void {
  socket.onAny((event: string, ...args: unknown[]) => {
    if (EVENTS.has(event)) return;
    void answer(args.at(-1), refuseEvent, { log });
  });
}

function refuseEvent(): never {
  throw new ChoraleError('MESSAGE_MALFORMED', 'there is no such event');
}
