/** What is used of an engine.io connection, over which a socket.io socket talks. */
export type EngineConnection = {
  readonly id: string;
  /** Written once, to what limits go by; `socket.handshake.address` is read from it. */
  remoteAddress: string;
  /** The request that opened it: kept by engine.io for nothing that is needed here. */
  request: import('node:http').IncomingMessage | null;
  readonly transport: {
    readonly name: 'websocket' | 'polling';
    readonly writable: boolean;
    /** Of a WebSocket. */
    readonly socket?: { terminate(): void };
  };
  on(event: 'packet' | 'packetCreate', listener: (packet: EnginePacket) => void): unknown;
  on(event: 'flush', listener: () => void): unknown;
  close(discard: boolean): void;
};

export type EnginePacket = { readonly data?: string | ArrayBufferView | ArrayBuffer };

/** Characters of text for bytes: near enough to account by. */
export function packetBytes({ data }: EnginePacket): number {
  if (data === undefined) return 1;
  return 1 + (typeof data === 'string' ? data.length : data.byteLength);
}

/** Ends a connection at once: a closing handshake would wait for the other end, and read what it sends meanwhile. */
export function dropConnection(connection: { close(discard: boolean): unknown; readonly transport: object }): void {
  const { socket } = connection.transport as EngineConnection['transport'];
  connection.close(true);
  socket?.terminate();
}
