import type { RoundMessage } from '@chorale/protocol';
import type { TrainingClient } from '../rounds/seats.ts';
import type { Told } from './checker/checker.ts';
import type { Refusal } from './checker/update-check.ts';
import { drawBroken, drawContribution } from './contribution-draw.ts';
import type { QueuedEvent } from './event-queue.ts';
import type { SimulatedCoordinator } from './simulated-coordinator.ts';
import type { Surroundings } from './surroundings.ts';

/** What a client finds around it; `coordinator` is `null` while there is none to connect to. */
export type ClientWorld = Surroundings & { coordinator(): SimulatedCoordinator | null };

/** One connection of a client to one run of the coordinator. */
export class SimulatedConnection implements TrainingClient {
  readonly client: SimulatedClient;
  readonly coordinator: SimulatedCoordinator;
  /** Whether the client still has it; the coordinator may learn of its loss later. */
  isOpen = true;

  constructor(client: SimulatedClient, coordinator: SimulatedCoordinator) {
    this.client = client;
    this.coordinator = coordinator;
  }

  emit(...told: unknown[]): void {
    if (this.coordinator.isAlive) this.client.told(this, ...(told as Told));
  }
}

/** Contributions of earlier rounds that a client remembers. */
const REMEMBERED = 4;

/** One participant: it joins, answers invitations, and does whatever faults are asked for. */
export class SimulatedClient {
  readonly participant: string;
  readonly group: string;
  readonly #world: ClientWorld;
  readonly #sent = new Map<number, Uint8Array>();
  #connection: SimulatedConnection | null = null;
  /** What it is about to do in its round. */
  #plan: QueuedEvent | null = null;
  #plannedFor = 0;
  #isComing = false;

  constructor(world: ClientWorld, { participant, group }: { participant: string; group: string }) {
    this.#world = world;
    this.participant = participant;
    this.group = group;
  }

  /** Whether it has a connection, as far as it knows. */
  get isConnected(): boolean {
    return this.#connection !== null;
  }

  /** Connects after a delay, unless it is about to do so. */
  come(afterMs: number): void {
    if (this.#isComing) return;
    this.#isComing = true;
    this.#world.clock.after(afterMs, () => {
      this.#isComing = false;
      this.#connect();
    });
  }

  /** Takes its own seat over from another connection, and lets go of the old one later, if at all. */
  takeOver(): void {
    const old = this.#connection;
    this.#connect();
    if (old === null) return;
    const { random, clock } = this.#world;
    if (random.chance(0.5)) clock.after(random.delayMs(2000), () => this.#repeat(old));
    clock.after(random.delayMs(5000), () => this.#close(old, 0));
  }

  /** Loses its connection, and comes back after a while. */
  lose(awayMs: number): void {
    const { random } = this.#world;
    const connection = this.#connection;
    this.#connection = null;
    this.#cancel();
    // The other end may take long to notice.
    if (connection !== null) this.#close(connection, random.chance(0.8) ? random.integer(0, 50) : random.delayMs(8000));
    this.come(awayMs);
  }

  /** The coordinator is gone, and its connections with it. */
  cutOff(): void {
    this.#connection = null;
    this.#cancel();
    this.come(this.#world.random.delayMs(400));
  }

  /** Says that it will not train any longer; it may change its mind. */
  leaveForGood(): void {
    const { random } = this.#world;
    const connection = this.#connection;
    if (connection === null) return;
    this.#cancel();
    connection.coordinator.leave(connection, { forGood: true });
    if (random.chance(0.3)) this.#world.clock.after(random.delayMs(500), () => this.#repeat(connection));
    this.#connection = null;
    connection.isOpen = false;
    this.come(random.delayMs(20_000));
  }

  /** Sends something for a round that it may have no part in. */
  intrude(round: number, kind: RoundMessage['kind']): void {
    const { random } = this.#world;
    const coordinator = this.#world.coordinator();
    if (coordinator === null) return;
    const { task } = this.#world.checker.books;
    const connection = random.chance(0.5) ? null : this.#connection;
    if (connection !== null && random.chance(0.2)) {
      coordinator.decline({ participant: this.participant, connection, round });
      return;
    }
    const bytes = this.#sent.get(round) ?? drawContribution(random, { task, kind });
    this.#sendNow(connection, round, bytes);
  }

  told(connection: SimulatedConnection, ...told: Told): void {
    const { checker, trace, clock, random } = this.#world;
    const [event, message] = told;
    const round = 'round' in message ? message.round : 0;
    trace.note(clock.elapsedMs, event, this.participant, round, event === 'round-ended' ? message.outcome : '');
    checker.told(this.participant, connection, ...told);
    if (!connection.isOpen) return;
    if (event === 'round') clock.after(random.integer(1, 40), () => this.#answer(connection, message));
    else if (event === 'round-ended' && message.outcome === 'closed') {
      // Its update may be on the way already.
      clock.after(random.integer(1, 40), () => {
        if (this.#plannedFor === round) this.#cancel();
      });
    }
  }

  #connect(): void {
    const { random } = this.#world;
    const coordinator = this.#world.coordinator();
    if (coordinator === null) return this.come(random.delayMs(1000) + 100);
    const connection = new SimulatedConnection(this, coordinator);
    this.#connection = connection;
    coordinator.join(connection, ({ comeBackMs, usedUp }) => {
      if ((comeBackMs === undefined && usedUp === undefined) || this.#connection !== connection) return;
      this.#connection = null;
      connection.isOpen = false;
      // One that is not wanted again tries all the same, now and then.
      this.come(comeBackMs === undefined ? random.delayMs(20_000) : comeBackMs + random.integer(0, 1000));
    });
  }

  #close(connection: SimulatedConnection, noticedMs: number): void {
    connection.isOpen = false;
    this.#world.clock.after(noticedMs, () => {
      if (connection.coordinator.isAlive && this.#world.coordinator() === connection.coordinator) {
        connection.coordinator.leave(connection, { forGood: false });
      }
    });
  }

  #cancel(): void {
    if (this.#plan !== null) this.#plan.run = null;
    this.#plan = null;
  }

  /** What it does about an invitation. */
  #answer(connection: SimulatedConnection, invitation: RoundMessage): void {
    if (!connection.isOpen || this.#connection !== connection) return;
    const { random, dropout, faults, clock } = this.#world;
    this.#cancel();
    this.#plannedFor = invitation.round;
    const { deadlineMs } = this.#world.checker.books.task.cohort;
    if (random.chance(dropout)) return this.#dropOut(deadlineMs);
    if (faults.has('declines') && random.chance(0.03)) {
      this.#plan = clock.after(random.delayMs(deadlineMs / 10), () => {
        if (connection.coordinator.isAlive)
          connection.coordinator.decline({ ...this.#here(connection), round: invitation.round });
      });
      return;
    }
    const workMs = this.#drawWorkMs(invitation.deadlineMs, deadlineMs);
    this.#plan = clock.after(workMs, () => this.#contribute(connection, invitation));
  }

  #dropOut(deadlineMs: number): void {
    const { random, faults, clock } = this.#world;
    const way = random.uniform();
    // Some stay connected and say nothing.
    if (way < 0.3) return;
    const loss = (): void => this.lose(random.delayMs(deadlineMs));
    const isGoing = faults.has('leaving') && way > 0.9;
    this.#plan = clock.after(random.integer(0, deadlineMs), isGoing ? () => this.leaveForGood() : loss);
  }

  /** Mostly well within the time, sometimes about the deadline to the millisecond. */
  #drawWorkMs(leftMs: number, deadlineMs: number): number {
    const { random, faults } = this.#world;
    if (!faults.has('slow') || random.chance(0.9)) return random.integer(deadlineMs / 100, deadlineMs / 4);
    return random.chance(0.3) ? leftMs - 40 + random.integer(-3, 42) : deadlineMs * (0.7 + 0.6 * random.uniform());
  }

  #contribute(connection: SimulatedConnection, { round, kind }: RoundMessage): void {
    this.#plan = null;
    const { random, faults } = this.#world;
    const { task } = this.#world.checker.books;
    const known = this.#sent.get(round);
    const bytes = known ?? drawContribution(random, { task, kind });
    this.#remember(round, bytes);
    const isFaulty = (fault: 'malformed' | 'seconds' | 'duplicates' | 'reordering'): boolean =>
      faults.has(fault) && random.chance(0.04);
    if (isFaulty('malformed')) this.#send(connection, round, drawBroken(random, { task, kind }), 0);
    if (isFaulty('seconds'))
      this.#send(connection, round, drawContribution(random, { task, kind }), random.integer(-9, 90));
    this.#send(connection, round, bytes, 0);
    if (isFaulty('duplicates')) this.#send(connection, round, bytes, random.delayMs(300));
    if (isFaulty('duplicates')) this.#send(connection, round, bytes, random.delayMs(2 * task.cohort.deadlineMs));
    const [earlier] = this.#sent;
    if (isFaulty('reordering') && earlier !== undefined) this.#send(connection, earlier[0], earlier[1], 0);
    if (faults.has('reconnects') && random.chance(0.03))
      this.#world.clock.after(random.integer(0, 60), () => this.lose(random.delayMs(1500)));
  }

  #remember(round: number, bytes: Uint8Array): void {
    this.#sent.set(round, bytes);
    for (const oldest of this.#sent.keys()) {
      if (this.#sent.size <= REMEMBERED) break;
      this.#sent.delete(oldest);
    }
  }

  /** Sends by its connection, or over HTTP, where nothing keeps messages in their order. */
  #send(connection: SimulatedConnection, round: number, bytes: Uint8Array, laterMs: number): void {
    const { random, faults, clock } = this.#world;
    const isReordered = faults.has('reordering') && random.chance(0.1);
    const way = isReordered ? null : connection;
    const travelMs = random.integer(1, 40) + (isReordered ? random.delayMs(400) : 0);
    clock.after(laterMs + travelMs, () => {
      // A connection that is lost takes with it what was on the way, unless that had arrived by then.
      if (way === null || way.isOpen || random.chance(0.3)) this.#sendNow(way, round, bytes);
    });
  }

  #repeat(connection: SimulatedConnection): void {
    const last = [...this.#sent].at(-1);
    if (last !== undefined && connection.coordinator.isAlive) this.#sendNow(connection, last[0], last[1]);
  }

  #sendNow(connection: SimulatedConnection | null, round: number, bytes: Uint8Array): void {
    const coordinator = connection?.coordinator ?? this.#world.coordinator();
    // One that stops has closed its connections.
    if (coordinator === null || !coordinator.isAlive || coordinator.isStopping) return;
    const answered = (reply: { duplicate: boolean } | Refusal): void => {
      // Sent again as it is, when it can count; the SDK does so too.
      if (!('code' in reply) || reply.retryAfterMs === undefined) return;
      this.#world.clock.after(reply.retryAfterMs, () => this.#sendNow(this.#connection, round, bytes));
    };
    coordinator.update({ participant: this.participant, connection, round, bytes }, answered);
  }

  #here(connection: SimulatedConnection): { participant: string; connection: SimulatedConnection } {
    return { participant: this.participant, connection };
  }
}
