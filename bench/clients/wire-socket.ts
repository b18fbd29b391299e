import { connect, type Socket } from 'node:net';
import { clientFrame } from '../../coordinator/testing/fuzz/client-frame.ts';
import { FrameReader, type ServerFrame } from '../../coordinator/testing/fuzz/frame-reader.ts';

/** An event from the server; binary parts are left out, and their lengths told. */
export type WireEvent = { name: string; message: Record<string, unknown>; attachmentBytes: number };

/** A request as the frame that it will be sent as. */
export type PreparedRequest = { id: number; frame: Buffer };

/** @param options.id no other request of the same connection may have it */
export function prepareRequest(name: string, { id, message }: { id: number; message: object }): PreparedRequest {
  return { id, frame: clientFrame(`42${id}${JSON.stringify([name, message])}`) };
}

/** What is told of a connection. */
export type WireListeners = { onEvent: (event: WireEvent) => void; onClose: () => void };

/**
 * A socket.io client reduced to what a benchmark needs: one connection, frames that were made ahead,
 * binary parts counted and thrown away. Thousands of them fit into one process.
 */
export class WireSocket {
  readonly #socket: Socket;
  readonly #reader = new FrameReader((frame) => this.#read(frame));
  readonly #acknowledgements = new Map<number, (reply: unknown) => void>();
  #nextId = 0;
  #incomplete: { event: WireEvent; missing: number } | null = null;
  #connected: (() => void) | null = null;
  readonly #listeners: WireListeners;

  private constructor(socket: Socket, listeners: WireListeners) {
    this.#socket = socket;
    this.#listeners = listeners;
    socket.setNoDelay(true);
    socket.on('error', () => {}).on('close', () => this.#listeners.onClose());
  }

  /**
   * Connects; the first event may be heard before this resolves.
   * @throws Error when the connection ends before it stands.
   */
  static async open(url: string, listeners: WireListeners): Promise<WireSocket> {
    const { hostname, port, host } = new URL(url);
    const socket = connect(Number(port), hostname);
    const wire = new WireSocket(socket, listeners);
    await new Promise<void>((resolve, reject) => {
      wire.#connected = resolve;
      socket.once('close', () => reject(new Error('the connection ended before it stood')));
      wire.#upgrade(host);
    });
    return wire;
  }

  emit(name: string, message: object): void {
    this.#socket.write(clientFrame(`42${JSON.stringify([name, message])}`));
  }

  /** Sends an event and waits for its acknowledgement. */
  request(name: string, message: object): Promise<unknown> {
    return this.requestPrepared(prepareRequest(name, { id: this.#nextId++, message }));
  }

  /** Sends a request that was made ahead: it costs no more than its bytes. */
  requestPrepared({ id, frame }: PreparedRequest): Promise<unknown> {
    return new Promise((resolve) => {
      this.#acknowledgements.set(id, resolve);
      this.#socket.write(frame);
    });
  }

  /**
   * Sends an event with one binary part, which was made a frame ahead.
   * @param options.message holds `{ _placeholder: true, num: 0 }` where the part belongs
   */
  emitBytes(name: string, { message, frame }: { message: object; frame: Buffer }): void {
    this.#writeBytes(`451-${JSON.stringify([name, message])}`, frame);
  }

  requestBytes(name: string, { message, frame }: { message: object; frame: Buffer }): Promise<unknown> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#acknowledgements.set(id, resolve);
      this.#writeBytes(`451-${id}${JSON.stringify([name, message])}`, frame);
    });
  }

  /** Sends bytes as they are. */
  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  close(): void {
    this.#socket.destroy();
  }

  #upgrade(host: string): void {
    const lines = [
      'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1',
      `Host: ${host}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ];
    this.#socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    let head = Buffer.alloc(0);
    const readHead = (chunk: Buffer): void => {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end === -1) return;
      this.#socket.off('data', readHead);
      this.#socket.on('data', (data: Buffer) => this.#reader.push(data));
      this.#reader.push(head.subarray(end + 4));
    };
    this.#socket.on('data', readHead);
  }

  #writeBytes(text: string, frame: Buffer): void {
    this.#socket.cork();
    this.#socket.write(clientFrame(text));
    this.#socket.write(frame);
    this.#socket.uncork();
  }

  #read(frame: ServerFrame): void {
    switch (frame.type) {
      case 'close':
        this.#socket.destroy();
        return;
      case 'bytes':
        this.#readPart(frame.length);
        return;
      case 'text':
        this.#readPacket(frame.text);
    }
  }

  #readPart(length: number): void {
    if (this.#incomplete === null) return;
    this.#incomplete.event.attachmentBytes += length;
    this.#incomplete.missing -= 1;
    if (this.#incomplete.missing > 0) return;
    const { event } = this.#incomplete;
    this.#incomplete = null;
    this.#listeners.onEvent(event);
  }

  #readPacket(text: string): void {
    // Engine.io's open packet, ping and the namespace's connection come before anything else.
    if (text.startsWith('0{')) this.#socket.write(clientFrame('40'));
    else if (text === '2') this.#socket.write(clientFrame('3'));
    else if (text.startsWith('40')) this.#connected?.();
    else if (text.startsWith('43')) this.#acknowledge(text);
    else if (text.startsWith('42') || text.startsWith('45')) this.#readEvent(text);
  }

  #acknowledge(text: string): void {
    const start = text.indexOf('[');
    const id = Number(text.slice(2, start));
    const resolve = this.#acknowledgements.get(id);
    this.#acknowledgements.delete(id);
    resolve?.((JSON.parse(text.slice(start)) as unknown[])[0]);
  }

  #readEvent(text: string): void {
    const start = text.indexOf('[');
    const [name, message] = JSON.parse(text.slice(start)) as [string, Record<string, unknown>];
    const event = { name, message, attachmentBytes: 0 };
    const parts = text.startsWith('45') ? Number.parseInt(text.slice(2), 10) : 0;
    if (parts === 0) this.#listeners.onEvent(event);
    else this.#incomplete = { event, missing: parts };
  }
}
