import { connect, type Socket } from 'node:net';
import { clientFrame } from './client-frame.ts';
import { FrameReader, type ServerFrame } from './frame-reader.ts';
import type { Frame } from './fuzz-packet.ts';

/** How long a connection may neither answer nor end, in milliseconds: after that the coordinator hangs. */
const SILENCE_MS = 30_000;

/** An acknowledgement that no other packet asks for. */
const LAST_ID = '987654321';

/** One connection of a fuzzer, down to its bytes. */
export class FuzzConnection {
  /** Resolves when the connection itself is gone. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #reader = new FrameReader((frame) => this.#read(frame));
  /** Resolves when the coordinator has ended the connection, or said that it will. */
  readonly #ended = Promise.withResolvers<void>();
  #onText: (text: string) => void = () => {};
  /** The latest packets, to tell what was sent before a failure. */
  readonly #latest: string[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true).on('error', () => {});
    this.closed = new Promise((resolve) => socket.on('close', () => resolve()));
    void this.closed.then(() => this.#ended.resolve());
  }

  /** A WebSocket to socket.io's main namespace; `null` when the coordinator took none. */
  static async open(url: string): Promise<FuzzConnection | null> {
    const { hostname, port, host } = new URL(url);
    const connection = new FuzzConnection(connect(Number(port), hostname));
    const opened = connection.#heard('0{');
    connection.#upgrade(host);
    if (!(await opened)) return null;
    const joined = connection.#heard('40{');
    connection.send(['40']);
    return (await joined) ? connection : null;
  }

  send(frames: readonly Frame[]): void {
    for (const frame of frames) {
      this.#latest.push(typeof frame === 'string' ? frame.slice(0, 300) : `${frame.length} bytes`);
      this.write(clientFrame(frame));
    }
    this.#latest.splice(0, this.#latest.length - 6);
  }

  write(bytes: Buffer): void {
    if (!this.#socket.destroyed) this.#socket.write(bytes);
  }

  /**
   * Waits until everything that was sent has been dealt with: an event after it is answered, or the
   * connection has ended.
   * @throws Error when neither happens
   */
  async settled(): Promise<void> {
    const answered = this.#heard(`43${LAST_ID}`);
    this.send([`42${LAST_ID}["no-such-event"]`]);
    await answered;
  }

  /** Ends it as a crash does, once its bytes have left. */
  async drop(): Promise<void> {
    if (!this.#socket.destroyed) await new Promise((sent) => this.#socket.write('', sent));
    this.#socket.resetAndDestroy();
    await this.#ended.promise;
  }

  /** Whether a packet that starts like this has come before the connection ended. */
  async #heard(start: string): Promise<boolean> {
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    this.#onText = (text) => text.startsWith(start) && resolve(true);
    const silent = setTimeout(() => {
      this.#socket.resetAndDestroy();
      reject(new Error(`the coordinator neither answered nor closed a connection after ${this.#latest.join('\n')}`));
    }, SILENCE_MS);
    try {
      return await Promise.race([promise, this.#ended.promise.then(() => false)]);
    } finally {
      clearTimeout(silent);
    }
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
    this.write(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`));
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

  #read(frame: ServerFrame): void {
    if (frame.type === 'text') this.#onText(frame.text);
    // Its closing handshake is not answered: nothing is read after it.
    if (frame.type === 'close') this.#ended.resolve();
  }
}
