import { setTimeout as pause } from 'node:timers/promises';
import {
  decodeParameters,
  encodeIntegers,
  GRID_STEPS,
  PROTOCOL_VERSION,
  type ReportReply,
  type RoundEndedMessage,
  type RoundMessage,
} from '@chorale/protocol';
import { io, type Socket } from 'socket.io-client';

/** Each client's update is this many grid steps in a coordinate of its own, so a sum tells who is in it. */
export const STEP = GRID_STEPS / 2;

type TrialClientOptions = {
  index: number;
  size: number;
  token: string;
  manifest: string;
  url: () => string;
  random: () => number;
};

/** A client that always contributes the same way, keeps what it sent until the round has ended, and goes to any node. */
export class TrialClient {
  readonly models = new Map<number, Float32Array>();
  /** Updates that were sent again and were new to the node that got them: the first went down with another. */
  repeated = 0;
  readonly #options: TrialClientOptions;
  readonly #wanted: { event: string; resolve: (message: never) => void }[] = [];
  readonly #accepted = new Set<number>();
  /** What it has sent to a round whose end it has not heard of. */
  #kept: { study: string; round: number; update: Uint8Array } | null = null;
  #socket: Socket;
  #isClosed = false;

  constructor(options: TrialClientOptions) {
    this.#options = options;
    this.#socket = this.#connect();
  }

  next<Message>(event: 'joined' | 'round' | 'round-ended'): Promise<Message> {
    return new Promise((resolve) => this.#wanted.push({ event, resolve }));
  }

  /** Goes to a node at random; resolves once it has a seat there. */
  async move(): Promise<void> {
    const joined = this.next('joined');
    this.#reconnect(this.#socket);
    await joined;
  }

  close(): void {
    this.#isClosed = true;
    this.#socket.close();
  }

  /** @throws Error when two clients were given different models of one round. */
  requireSame(models: ReadonlyMap<number, Float32Array>): void {
    for (const [round, model] of this.models) {
      if (!Buffer.from(model.buffer).equals(Buffer.from(models.get(round)!.buffer))) {
        throw new Error(`two clients were given different models after ${round} rounds`);
      }
    }
  }

  #connect(): Socket {
    const socket: Socket = io(this.#options.url(), { transports: ['websocket'], forceNew: true, reconnection: false });
    socket.on('connect', () => void this.#join(socket));
    socket.on('connect_error', () => this.#reconnect(socket));
    socket.on('disconnect', () => this.#reconnect(socket));
    socket.on('round', (message: RoundMessage) => void this.#contribute(socket, message));
    socket.on('round-ended', (message: RoundEndedMessage) => {
      this.#heard('round-ended', message);
      if (this.#kept?.round === message.round) this.#kept = null;
    });
    return socket;
  }

  #reconnect(socket: Socket): void {
    socket.removeAllListeners();
    socket.close();
    setTimeout(() => {
      if (!this.#isClosed) this.#socket = this.#connect();
    }, 20);
  }

  async #join(socket: Socket): Promise<void> {
    const { token, manifest } = this.#options;
    const reply = await this.#ask(socket, 'join', { protocol: PROTOCOL_VERSION, token, manifest });
    if (reply !== null && !reply.ok) {
      await pause(reply.error.retryAfterMs ?? 100);
      if (socket.connected) await this.#join(socket);
    } else if (reply !== null) {
      this.#heard('joined', reply);
      if (this.#kept !== null) await this.#send(socket, this.#kept);
    }
  }

  async #contribute(socket: Socket, message: RoundMessage): Promise<void> {
    const { index, size, random } = this.#options;
    const { study, round, modelRound, model } = message;
    this.models.set(modelRound, decodeParameters(new Uint8Array(model!), size + 1));
    this.#heard('round', message);
    const values = new Int32Array(size + 1);
    values[index] = STEP;
    // So that a kill finds some who have contributed and some who have not.
    await pause(random() * 100);
    this.#kept = { study, round, update: encodeIntegers(values) };
    await this.#send(socket, this.#kept);
    // It cannot know whether the answer was lost: what is repeated, perhaps to another node, must not count twice.
    if (socket === this.#socket && random() < 0.3) this.#reconnect(socket);
  }

  async #send(socket: Socket, update: { study: string; round: number; update: Uint8Array }): Promise<void> {
    const { round } = update;
    while (socket.connected) {
      const reply = await this.#ask(socket, 'update', update);
      if (reply?.ok) {
        if (this.#accepted.has(round) && 'duplicate' in reply && !reply.duplicate) this.repeated += 1;
        this.#accepted.add(round);
        return;
      }
      if (reply === null || reply.error.retryAfterMs === undefined) return;
      await pause(reply.error.retryAfterMs / 10);
    }
  }

  async #ask(socket: Socket, event: string, message: object): Promise<ReportReply | null> {
    try {
      return (await socket.timeout(5000).emitWithAck(event, message)) as ReportReply;
    } catch {
      return null;
    }
  }

  #heard(event: string, message: unknown): void {
    for (const wanted of this.#wanted.splice(0)) {
      if (wanted.event === event) wanted.resolve(message as never);
      else this.#wanted.push(wanted);
    }
  }
}

/** Resolves when this client hears of a commitment. */
export async function committed(client: TrialClient): Promise<void> {
  for (;;) if ((await client.next<RoundEndedMessage>('round-ended')).outcome === 'committed') return;
}
