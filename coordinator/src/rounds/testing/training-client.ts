import {
  encodeIntegers,
  PROTOCOL_VERSION,
  type RoundEndedMessage,
  type RoundMessage,
  type ServerToClientEvents,
  type TrainingDoneMessage,
} from '@chorale/protocol';
import { io, type Socket } from 'socket.io-client';

type Messages = { round: RoundMessage; 'round-ended': RoundEndedMessage; 'training-done': TrainingDoneMessage };
type Reply = { ok: boolean; error?: { code: string; message: string }; [key: string]: unknown };

/** A client over a real socket that sends what a test tells it to, allowed or not. */
export class TrainingTestClient {
  readonly socket: Socket;
  readonly #arrived: { [E in keyof Messages]: Messages[E][] } = { round: [], 'round-ended': [], 'training-done': [] };
  readonly #wanted: { [E in keyof Messages]: ((message: Messages[E]) => void)[] } = {
    round: [],
    'round-ended': [],
    'training-done': [],
  };

  constructor(url: string) {
    this.socket = io(url, { transports: ['websocket'], reconnection: false, forceNew: true });
    this.#collect('round');
    this.#collect('round-ended');
    this.#collect('training-done');
  }

  /** The next message of this kind that was not taken yet. */
  next<E extends keyof Messages>(event: E): Promise<Messages[E]> {
    const known = this.#arrived[event].shift();
    if (known !== undefined) return Promise.resolve(known);
    return new Promise((resolve) => this.#wanted[event].push(resolve));
  }

  /** How many messages of this kind have arrived and were not taken. */
  count(event: keyof Messages): number {
    return this.#arrived[event].length;
  }

  /** Sends anything and waits for its acknowledgement. */
  async request(event: string, ...args: unknown[]): Promise<Reply> {
    return (await this.socket.timeout(5000).emitWithAck(event, ...args)) as Reply;
  }

  join(token: string, manifest: string): Promise<Reply> {
    return this.request('join', { protocol: PROTOCOL_VERSION, token, manifest });
  }

  update(study: string, round: number, values: readonly number[]): Promise<Reply> {
    return this.request('update', { study, round, update: encodeIntegers(Int32Array.from(values)) });
  }

  close(): void {
    this.socket.disconnect();
  }

  #collect<E extends keyof Messages & keyof ServerToClientEvents>(event: E): void {
    const received = (message: Messages[E]): void => {
      const taker = this.#wanted[event].shift();
      if (taker === undefined) this.#arrived[event].push(message);
      else taker(message);
    };
    this.socket.on(event, received as never);
  }
}
