import { manifestHash, parameterCount, canonicalManifest } from '@chorale/protocol';
import type { Store } from '../storage/store.ts';
import { Chaos } from './chaos.ts';
import { Checker } from './checker/checker.ts';
import type { Violation } from './checker/violations.ts';
import type { Fault } from './faults.ts';
import { SimulationRandom } from './random.ts';
import { type ClientWorld, SimulatedClient } from './simulated-client.ts';
import { type Serve, SimulatedCoordinator } from './simulated-coordinator.ts';
import { SimulatedStore } from './simulated-store.ts';
import { drawStudy, GROUPS, type Mode } from './study-draw.ts';
import type { Surroundings } from './surroundings.ts';
import { Trace, type TraceSink } from './trace.ts';
import { VirtualClock } from './virtual-clock.ts';

export type WorldOptions = {
  /** All that happens follows from it and from the other options. */
  seed: number;
  /** A name that the store has not seen; nothing depends on it. */
  study: string;
  clients: number;
  /** Probability that an invited client does not contribute. */
  dropout: number;
  /** Rounds after which the world ends; sooner where its task is done. */
  rounds: number;
  /** Whether the task of its study takes all rounds, however many. */
  isLong?: boolean | undefined;
  mode: Mode;
  faults: ReadonlySet<Fault>;
  store: Store;
  /** Called when something real has arrived that the world may wait for. */
  wake: () => void;
  trace?: TraceSink | undefined;
  serve?: Serve | undefined;
};

/** What became of a world. */
export type WorldReport = {
  committed: number;
  abandoned: number;
  violations: number;
  kept: Violation[];
  events: number;
  restarts: number;
  /** Restarts, by what the coordinator was doing. */
  restartsDuring: Checker['restartsDuring'];
  storeFailures: number;
  /** Joins that were answered with a time to come back. */
  sentAway: number;
  /** How updates and declines were answered. */
  answers: Readonly<Record<string, number>>;
  elapsedMs: number;
  fingerprint: string;
};

/** How long a world goes on after its task is done: a rest after a failed evaluation may come first. */
const FAREWELL_MS = 65_000;

/** Events between two turns: a world must not keep others waiting. */
const EVENTS_PER_TURN = 50;

/**
 * One study, its clients and its coordinator in simulated time. Production code runs as it is, promises
 * and all: after each event that concerns it, the world waits for its next turn, when all promises have
 * settled that wait for nothing real. What is real, the store, is answered at times that are drawn. So
 * nothing that happens depends on real time.
 */
export class World {
  readonly #options: WorldOptions;
  readonly #clock = new VirtualClock();
  readonly #surroundings: Surroundings;
  readonly #clientWorld: ClientWorld;
  readonly #store: SimulatedStore;
  readonly #clients: SimulatedClient[];
  readonly #trace: Trace;
  #coordinator: SimulatedCoordinator | null = null;
  #isServing = false;
  #isTouched = false;
  #isRestarting = false;
  #restarts = 0;
  /** Whether the task is done, or nobody is left who may contribute. */
  #end: 'yes' | 'no' | 'maybe' | 'exhausted' = 'no';
  /** Since when it may be over. */
  #doneMs: number | null = null;

  private constructor(options: WorldOptions, random: SimulationRandom, study: Surroundings['study']) {
    this.#options = options;
    this.#trace = new Trace(options.trace);
    const { faults, dropout, store, wake } = options;
    const groups = new Map(Array.from({ length: options.clients }, (_, i) => [`p${i}`, random.pick(GROUPS)] as const));
    const clock = this.#clock;
    const trace = this.#trace;
    const task = study.manifest.training;
    const { id } = study.manifest;
    const checker = new Checker({ study: id, task, parameters: parameterCount(task), groups, clocks: clock });
    const touch = (): void => void (this.#isTouched = true);
    this.#surroundings = { clock, random, faults, checker, trace, study, dropout, touch };
    this.#store = new SimulatedStore({ store, clock, random: random.branch(), faults, checker, trace, touch, wake });
    this.#clientWorld = { ...this.#surroundings, coordinator: () => (this.#isServing ? this.#coordinator : null) };
    this.#clients = Array.from(
      groups,
      ([participant, group]) => new SimulatedClient(this.#clientWorld, { participant, group }),
    );
  }

  /** Publishes a study that is drawn from the seed, and prepares its world. */
  static async create(options: WorldOptions): Promise<World> {
    const random = new SimulationRandom(options.seed);
    const { study: id, store } = options;
    const manifest = drawStudy(random, { ...options, id });
    const hash = await manifestHash(manifest);
    await store.putStudy({ id, hash, manifest: canonicalManifest(manifest), publishedAt: new Date(0).toISOString() });
    const world = new World(options, random, { manifest, hash });
    world.#begin();
    return world;
  }

  /** Rounds that have ended. */
  get rounds(): number {
    const { committed, abandoned } = this.#surroundings.checker.books.ended;
    return committed + abandoned;
  }

  /**
   * Goes on until code under test has run, something real is to be waited for, or the world ends.
   * Promises must have settled since the last call.
   */
  advance(): 'running' | 'waiting' | 'ended' {
    const { checker } = this.#surroundings;
    for (let i = 0; i < EVENTS_PER_TURN; i += 1) {
      if (this.#isTouched) {
        this.#isTouched = false;
        checker.settle();
        this.#coordinator?.checkAnswers();
      }
      if (this.#isOver()) return 'ended';
      const state = this.#clock.advance();
      if (state === 'idle') throw new Error('a simulated world came to a standstill');
      if (state === 'waiting') return 'waiting';
      if (this.#isTouched) return 'running';
    }
    return 'running';
  }

  /** Ends the coordinator, and compares the real store with the books once more. */
  async finish(): Promise<WorldReport> {
    const { checker, study } = this.#surroundings;
    this.#coordinator?.end();
    const { store } = this.#options;
    const { id } = study.manifest;
    while (!this.#store.isQuiet()) await new Promise((resolve) => setImmediate(resolve));
    for (const [name, value] of [
      ['readRounds', await store.readRounds(id)],
      ['latestModel', await store.latestModel(id)],
    ] as const) {
      const call = { name, args: [id] };
      checker.store.reached(call);
      checker.store.answered(call, { value });
    }
    const { committed, abandoned } = checker.books.ended;
    return {
      committed,
      abandoned,
      violations: checker.violations.count,
      kept: checker.violations.kept,
      events: this.#trace.events,
      restarts: this.#restarts,
      restartsDuring: checker.restartsDuring,
      answers: checker.books.answers,
      sentAway: checker.books.sentAway,
      storeFailures: this.#store.failures,
      elapsedMs: this.#clock.elapsedMs,
      fingerprint: this.#trace.fingerprint,
    };
  }

  #begin(): void {
    const { random } = this.#surroundings;
    const chaos = new Chaos(this.#surroundings, {
      clients: this.#clients,
      store: this.#store,
      restart: (how) => this.#restart(how),
      read: () => this.#clientWorld.coordinator()?.read(),
    });
    chaos.start();
    for (const client of this.#clients) client.come(random.delayMs(1000));
    this.#launch(0);
  }

  #isOver(): boolean {
    const { checker } = this.#surroundings;
    if (this.rounds >= this.#options.rounds || checker.violations.count > 0) return true;
    // Stragglers of a task that is done still come and are told so.
    const { isDone, canGoOn, clockSetMs } = checker.books;
    const end = canGoOn ? isDone : 'exhausted';
    if (end !== this.#end || !this.#isServing) this.#doneMs = null;
    this.#end = end;
    if (end === 'no' || !this.#isServing) return false;
    this.#doneMs ??= this.#clock.elapsedMs;
    if (this.#clock.elapsedMs <= Math.max(this.#doneMs, clockSetMs) + FAREWELL_MS) return false;
    checker.checkReleased();
    return true;
  }

  /** Starts a coordinator once the store has done what the one before asked of it. */
  #launch(afterMs: number): void {
    const { clock, trace, touch } = this.#surroundings;
    this.#isRestarting = true;
    const launch = (): void => {
      trace.note(clock.elapsedMs, 'launch');
      touch();
      const coordinator = new SimulatedCoordinator(this.#surroundings, this.#store, this.#options.serve);
      this.#coordinator = coordinator;
      this.#isRestarting = false;
      void this.#serve(coordinator);
    };
    clock.after(afterMs, launch, this.#store.isQuiet);
  }

  async #serve(coordinator: SimulatedCoordinator): Promise<void> {
    const { checker, trace, clock, random } = this.#surroundings;
    if (await coordinator.start()) {
      trace.note(clock.elapsedMs, 'serving');
      this.#isServing = true;
      checker.started();
    } else if (coordinator.isAlive && !coordinator.isStopping) {
      coordinator.kill();
      this.#launch(random.integer(100, 2000));
    }
  }

  #restart(how: 'kill' | 'stop'): void {
    const { random, trace, clock } = this.#surroundings;
    const coordinator = this.#coordinator;
    if (coordinator === null || this.#isRestarting) return;
    trace.note(clock.elapsedMs, how);
    this.#isRestarting = true;
    this.#restarts += 1;
    this.#isServing = false;
    for (const client of this.#clients) client.cutOff();
    const downMs = random.chance(0.8) ? random.integer(50, 3000) : random.delayMs(20_000);
    if (how === 'stop') {
      coordinator.stop(() => this.#launch(downMs));
    } else {
      coordinator.kill();
      this.#launch(downMs);
    }
  }
}
