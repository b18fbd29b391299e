import {
  PROTOCOL_VERSION,
  type Reply,
  type RoundEndedMessage,
  type RoundMessage,
  type UpdateReply,
} from '@chorale/protocol';
import { io, type Socket } from 'socket.io-client';
import type { Violations } from '../checker/violations.ts';
import { drawBroken, drawContribution } from '../contribution-draw.ts';
import type { Fault } from '../faults.ts';
import type { SimulationRandom } from '../random.ts';
import type { SocketBooks } from './socket-books.ts';

/** How long an answer, or the end of a round after its deadline, may take on a machine that is busy. */
const PATIENCE_MS = 5000;

export type SocketWorld = {
  readonly study: { id: string; hash: string };
  readonly books: SocketBooks;
  readonly violations: Violations;
  readonly faults: ReadonlySet<Fault>;
  readonly dropout: number;
  /** Where the coordinator answers; `null` while there is none. */
  url(): string | null;
};

/** One participant with real connections, which does what is drawn: contributes, drops out, repeats, intrudes. */
export class SocketClient {
  readonly #world: SocketWorld;
  readonly #random: SimulationRandom;
  readonly #participant: string;
  readonly #token: string;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #sent = new Map<number, Uint8Array>();
  #socket: Socket | null = null;
  #isOver = false;

  constructor(world: SocketWorld, options: { participant: string; token: string; random: SimulationRandom }) {
    this.#world = world;
    this.#random = options.random;
    this.#participant = options.participant;
    this.#token = options.token;
  }

  /** Connects and joins, now and whenever its connection was lost. */
  start(): void {
    this.#connect();
    this.#after(this.#random.delayMs(2000), () => this.#act());
  }

  stop(): void {
    this.#isOver = true;
    this.cutOff();
    for (const timer of this.#timers) clearTimeout(timer);
  }

  /** The coordinator goes. */
  cutOff(): void {
    this.#socket?.disconnect();
    this.#socket = null;
  }

  #connect(): void {
    const url = this.#world.url();
    if (this.#socket !== null || this.#isOver) return;
    if (url === null) {
      this.#after(50, () => this.#connect());
      return;
    }
    const socket = io(url, { transports: ['websocket'], reconnection: false, forceNew: true });
    this.#socket = socket;
    countAnswers(socket, this.#world.violations);
    const lose = (): void => {
      if (this.#socket === socket) this.#socket = null;
      this.#after(this.#random.integer(10, 300), () => this.#connect());
    };
    socket.on('connect', () => this.#join(socket));
    socket.on('connect_error', lose);
    socket.on('disconnect', lose);
    socket.on('round', (message: RoundMessage) => this.#invited(socket, message));
    socket.on('round-ended', (message: RoundEndedMessage) => this.#world.books.told(this.#participant, message));
  }

  #join(socket: Socket): void {
    const { study, violations } = this.#world;
    const message = { protocol: PROTOCOL_VERSION, token: this.#token, manifest: study.hash };
    this.#ask(socket, 'join', message, (reply: Reply<{ comeBackMs?: number }>) => {
      const isRight = reply.ok || reply.error.code === 'UNAVAILABLE' || reply.error.code === 'CONNECTION_LOST';
      violations.require(isRight, 'P4', () => `a join of ${this.#participant}: ${JSON.stringify(reply)}`);
    });
  }

  #invited(socket: Socket, message: RoundMessage): void {
    const { books, dropout, faults } = this.#world;
    const { round } = message;
    books.invited(this.#participant, message, performance.now());
    this.#expectEnd(socket, message);
    const random = this.#random;
    if (random.chance(dropout)) {
      if (random.chance(0.6)) this.#after(random.integer(0, message.deadlineMs), () => socket.disconnect());
      return;
    }
    if (faults.has('declines') && random.chance(0.03)) {
      this.#ask(socket, 'decline', { study: this.#world.study.id, round, code: 'BUDGET_EXCEEDED' }, (reply: Reply) => {
        if (reply.ok) books.gone(this.#participant, round);
      });
      return;
    }
    const isSlow = faults.has('slow') && random.chance(0.1);
    const workMs = isSlow ? message.deadlineMs + random.integer(-20, 20) : random.integer(0, message.deadlineMs / 3);
    this.#after(workMs, () => this.#contribute(socket, message));
  }

  #contribute(socket: Socket, { round, kind }: RoundMessage): void {
    const { faults, books } = this.#world;
    const random = this.#random;
    const { task } = books;
    const isFaulty = (fault: Fault): boolean => faults.has(fault) && random.chance(0.05);
    const bytes = this.#sent.get(round) ?? drawContribution(random, { task, kind });
    this.#sent.set(round, bytes);
    if (isFaulty('malformed')) this.#send(socket, round, drawBroken(random, { task, kind }));
    this.#send(socket, round, bytes);
    if (isFaulty('duplicates')) this.#send(socket, round, bytes);
    if (isFaulty('seconds')) this.#send(socket, round, drawContribution(random, { task, kind }));
    if (isFaulty('reordering')) for (const [earlier, old] of this.#sent) this.#send(socket, earlier, old);
    if (isFaulty('reconnects')) this.#after(random.integer(0, 20), () => socket.disconnect());
    if (this.#sent.size > 4) this.#sent.delete(this.#sent.keys().next().value ?? 0);
  }

  /** Now and then something that no invitation asks for. */
  #act(): void {
    const { faults, books, study } = this.#world;
    const random = this.#random;
    const socket = this.#socket;
    this.#after(random.delayMs(2000), () => this.#act());
    if (socket === null) return;
    const round = books.latestRound;
    if (faults.has('strangers') && random.chance(0.3) && round > 0) {
      this.#send(
        socket,
        round + random.integer(-1, 1) || 1,
        drawContribution(random, { task: books.task, kind: 'train' }),
      );
    } else if (faults.has('reconnects') && random.chance(0.3)) {
      // Another connection takes the seat over, and the old one is lost some time later.
      this.#socket = null;
      this.#connect();
      this.#after(random.delayMs(300), () => socket.disconnect());
    } else if (faults.has('leaving') && random.chance(0.2)) {
      socket.emit('leave', { study: study.id });
      this.#after(random.delayMs(500), () => socket.disconnect());
    }
  }

  #send(socket: Socket, round: number, bytes: Uint8Array): void {
    if (!socket.connected) return;
    const { books, study } = this.#world;
    const sent = books.sending(this.#participant, round, bytes);
    const sentAt = performance.now();
    this.#ask(socket, 'update', { study: study.id, round, update: bytes }, (reply: UpdateReply) =>
      books.answered(sent, { round, reply: reply.ok ? reply : reply.error, sentAt }),
    );
  }

  /** [P4] Each request has one answer, unless its connection is lost first. */
  #ask<R>(socket: Socket, event: string, message: object, answered: (reply: R) => void): void {
    const { violations } = this.#world;
    const timer = this.#after(PATIENCE_MS, () =>
      violations.require(!socket.connected, 'P4', `${event} of ${this.#participant} was not answered`),
    );
    socket.emit(event, message, (reply: R) => {
      clearTimeout(timer);
      this.#timers.delete(timer);
      answered(reply);
    });
  }

  /** [R6] Who stays connected is told how its round ended. */
  #expectEnd(socket: Socket, { round, deadlineMs }: RoundMessage): void {
    const { violations, books } = this.#world;
    this.#after(deadlineMs + PATIENCE_MS, () => {
      const isWaiting = socket.connected && this.#socket === socket && !books.hasEnded(this.#participant, round);
      violations.require(!isWaiting, 'R6', `${this.#participant} was not told how round ${round} ended`);
    });
  }

  #after(ms: number, run: () => void): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!this.#isOver) run();
    }, ms);
    this.#timers.add(timer);
    return timer;
  }
}

/** The client library drops a second answer to one request: they are counted as they come in. */
function countAnswers(socket: Socket, violations: Violations): void {
  socket.io.once('open', () => {
    const seen = new Set<string>();
    socket.io.engine.on('message', (data: unknown) => {
      const id = typeof data === 'string' ? /^3(\d+)/.exec(data)?.[1] : undefined;
      if (id === undefined) return;
      violations.require(!seen.has(id), 'P4', `request ${id} of a connection was answered twice`);
      seen.add(id);
    });
  });
}
