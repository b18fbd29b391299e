import type { ClientToServerEvents, ServerToClientEvents } from '@chorale/protocol';
import type { Server, Socket } from 'socket.io';

export type ChoraleServer = Server<ClientToServerEvents, ServerToClientEvents>;

/** One connection of one tab. What it sends is untrusted whatever its type says: handlers parse it. */
export type ChoraleSocket = Socket<ClientToServerEvents, ServerToClientEvents>;
