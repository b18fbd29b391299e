import { ChoraleError, type Manifest, type TrainingRounds } from '@chorale/protocol';
import type { Log } from '../rounds/round-history.ts';
import type { Schedule } from '../rounds/scheduler.ts';
import type { TrainingClient } from '../rounds/seats.ts';
import { TrainingService } from '../rounds/training-service.ts';
import type { Store } from '../storage/store.ts';
import type { Attempt, Refusal } from './checker/update-check.ts';
import type { SimulatedConnection } from './simulated-client.ts';
import type { SimulatedStore } from './simulated-store.ts';
import type { Surroundings } from './surroundings.ts';

type Place = { study: string; participant: string };
type Joined = { committedRounds: number; done: boolean; comeBackMs?: number; usedUp?: true };

/** What a coordinator does for clients that train, as its sockets and its HTTP routes use it. */
export type RoundsService = {
  start(study: { manifest: Manifest; hash: string }): Promise<void>;
  join(seat: Place & { client: TrainingClient; group: string }): Promise<Joined>;
  leave(seat: Place & { client: TrainingClient; forGood: boolean }): void;
  update(message: Place & { client: TrainingClient | null; round: number; update: Uint8Array }): Promise<{
    duplicate: boolean;
  }>;
  decline(message: Place & { client: TrainingClient; round: number; code: string }): Promise<void>;
  rounds(study: string): Promise<TrainingRounds>;
  stop(): Promise<void>;
};

/** Makes a coordinator's service; tests of the checker make broken ones. */
export type Serve = (options: { store: Store; now: () => number; log: Log; schedule: Schedule }) => RoundsService;

const productionService: Serve = (options) => new TrainingService(options);

/** Requests must be answered by then, whatever the store does. */
const PATIENCE_MS = 10_000;

/** One run of a coordinator, from its start to its end; what clients ask of it passes through the checker. */
export class SimulatedCoordinator {
  readonly #world: Surroundings;
  readonly #service: RoundsService;
  /** Requests without an answer, and when they were made. */
  readonly #unanswered = new Map<Attempt, number>();
  #isAlive = true;
  #isStopping = false;

  constructor(world: Surroundings, store: SimulatedStore, serve: Serve = productionService) {
    const { clock, random, faults, checker, trace } = world;
    this.#world = world;
    const latenessMs = (): number =>
      faults.has('clock') && random.chance(0.1) ? random.pick([-1, 1, random.integer(1, 300)]) : 0;
    const fail = (fields: object, message: string): void => {
      trace.note(clock.elapsedMs, 'log', message);
      const isFault = message === 'an effect of a round failed' || message === 'the updates could not be aggregated';
      const error: unknown = Reflect.get(fields, 'err');
      checker.violations.require(!isFault, 'inside', () => `${message}: ${String(error)}`);
    };
    this.#service = serve({
      store: store.connect(() => this.#isAlive),
      now: clock.now,
      log: { info: () => {}, warn: () => {}, error: fail },
      schedule: clock.timers(latenessMs, (callback) => {
        if (!this.#isAlive) return;
        trace.note(clock.elapsedMs, 'timer');
        world.touch();
        callback();
      }),
    });
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** Resolves, in simulated time, once clients may come. @returns whether it could start */
  async start(): Promise<boolean> {
    try {
      await this.#service.start(this.#world.study);
      return this.#isAlive && !this.#isStopping;
    } catch {
      return false;
    }
  }

  /** Nothing of it happens any more. */
  end(): void {
    this.#isAlive = false;
  }

  /** Ends at once, as a process that is killed. */
  kill(): void {
    this.end();
    for (const attempt of this.#unanswered.keys()) this.#world.checker.updates.abandoned(attempt);
    this.#unanswered.clear();
    this.#world.checker.stopped();
  }

  /** Ends in good order; `ended` follows once everything under way is written. */
  stop(ended: () => void): void {
    this.#world.touch();
    this.#isStopping = true;
    this.#world.checker.stopping();
    void this.#service.stop().then(() => {
      if (!this.#isAlive) return;
      this.kill();
      ended();
    });
  }

  /** @param answered told whether there is a seat, or when to come back for one */
  join(connection: SimulatedConnection, answered: (reply: Joined) => void): void {
    const { checker, trace, clock } = this.#world;
    const { participant, group } = connection.client;
    this.#world.touch();
    checker.seats.joining(participant, connection);
    this.#service.join({ ...this.#place(participant), group, client: connection }).then(
      (reply) => {
        if (!this.#isAlive) return;
        trace.note(
          clock.elapsedMs,
          'join',
          participant,
          0,
          reply.comeBackMs === undefined && reply.usedUp === undefined ? '' : 'no seat',
        );
        checker.seats.joined(participant, connection, reply);
        answered(reply);
      },
      (error: unknown) => {
        const { code } = refusalOf(error);
        checker.violations.require(!this.#isAlive, 'P4', `a join of ${participant} was refused as ${code}`);
      },
    );
  }

  leave(connection: SimulatedConnection, { forGood }: { forGood: boolean }): void {
    const { checker, trace, clock } = this.#world;
    const { participant } = connection.client;
    trace.note(clock.elapsedMs, forGood ? 'leave' : 'lost', participant);
    this.#world.touch();
    checker.seats.leaving(participant, connection, { forGood });
    this.#service.leave({ ...this.#place(participant), client: connection, forGood });
  }

  /** @param connection `null` for one that shows its invitation over HTTP */
  update(
    message: { participant: string; connection: SimulatedConnection | null; round: number; bytes: Uint8Array },
    answered: (reply: { duplicate: boolean } | Refusal) => void,
  ): void {
    const { participant, connection, round, bytes } = message;
    this.#request('update', message, answered, () =>
      this.#service.update({ ...this.#place(participant), client: connection, round, update: bytes }),
    );
  }

  decline(message: { participant: string; connection: SimulatedConnection; round: number }): void {
    const { participant, connection, round } = message;
    this.#request('decline', { ...message, bytes: null }, null, async () => {
      const place = { ...this.#place(participant), client: connection, round };
      await this.#service.decline({ ...place, code: 'BUDGET_EXCEEDED' });
      return { duplicate: false };
    });
  }

  /** Somebody reads what is published of the rounds. */
  read(): void {
    const { checker, study, touch } = this.#world;
    touch();
    this.#service.rounds(study.manifest.id).then(
      (rounds) => {
        if (this.#isAlive) checker.published.published(rounds);
      },
      (error: unknown) => checker.violations.require(false, 'P4', `the rounds are not published: ${String(error)}`),
    );
  }

  /** [P4] No request waits for ever. */
  checkAnswers(): void {
    const [oldest] = this.#unanswered;
    if (oldest === undefined) return;
    const [{ participant, round }, sinceMs] = oldest;
    const isPatient = this.#world.clock.elapsedMs - sinceMs <= PATIENCE_MS;
    this.#world.checker.violations.require(isPatient, 'P4', `a request of ${participant} in round ${round} hangs`);
  }

  #request(
    what: string,
    message: { participant: string; connection: SimulatedConnection | null; round: number; bytes: Uint8Array | null },
    answered: ((reply: { duplicate: boolean } | Refusal) => void) | null,
    ask: () => Promise<{ duplicate: boolean }>,
  ): void {
    const { checker, trace, clock } = this.#world;
    const { participant, round } = message;
    this.#world.touch();
    const attempt = checker.updates.sending(message);
    this.#unanswered.set(attempt, clock.elapsedMs);
    const settle = (reply: { duplicate: boolean } | Refusal): void => {
      // Of a coordinator that is gone nobody hears.
      if (!this.#unanswered.delete(attempt)) return;
      trace.note(clock.elapsedMs, what, participant, round, 'code' in reply ? reply.code : String(reply.duplicate));
      checker.updates.answered(attempt, reply);
      answered?.(reply);
    };
    ask().then(settle, (error: unknown) => settle(refusalOf(error)));
  }

  #place(participant: string): Place {
    return { study: this.#world.study.manifest.id, participant };
  }
}

/** A refusal's code; `INTERNAL` for what is no refusal but a fault of the coordinator. */
function refusalOf(error: unknown): Refusal {
  return error instanceof ChoraleError ? { code: error.code, retryAfterMs: error.retryAfterMs } : { code: 'INTERNAL' };
}
