import { setImmediate as eventLoopTurned } from 'node:timers/promises';
import type { Store } from '../storage/store.ts';
import type { Fault } from './faults.ts';
import { SimulationRandom } from './random.ts';
import type { Serve } from './simulated-coordinator.ts';
import type { Mode } from './study-draw.ts';
import type { TraceSink } from './trace.ts';
import { type SimulationResult, summarize } from './simulation-result.ts';
import { World, type WorldReport } from './world.ts';

export type SimulationOptions = {
  /** Clients of each study. */
  clients: number;
  /** Rounds in all. */
  rounds: number;
  /** Probability that an invited client does not contribute. */
  dropout: number;
  seed: number;
  /** Studies at a time. */
  studies: number;
  /** Whether each lane has one study that takes all its rounds, instead of many. */
  isLong?: boolean | undefined;
  mode: Mode;
  faults: ReadonlySet<Fault>;
  store: Store;
  /** Only the worlds of this lane, as they are with all others around. */
  lane?: number | undefined;
  /** Only every so many lanes, beginning with this one: what one of several threads does. */
  part?: { first: number; of: number } | undefined;
  trace?: TraceSink | undefined;
  serve?: Serve | undefined;
  onProgress?: ((rounds: number) => void) | undefined;
};

/**
 * Simulates rounds of many studies. Each of `studies` lanes has its share of the rounds and simulates one
 * study after the other, so lanes do not influence each other; they share the store, which writes what they
 * ask at the same time in one transaction.
 */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  checkSimulation(options);
  const random = new SimulationRandom(options.seed);
  const lanes = Array.from({ length: options.studies }, (_, lane) => ({
    lane,
    random: random.branch(),
    rounds: Math.floor(options.rounds / options.studies) + (lane < options.rounds % options.studies ? 1 : 0),
  })).filter(({ lane, rounds }) => rounds > 0 && isWanted(lane, options));
  const tag = `${Date.now().toString(36)}-${process.pid.toString(36)}`;
  const done = { rounds: 0 };
  const turns = new Turns((underWay) => options.onProgress?.(done.rounds + underWay));
  const reports = Promise.all(lanes.map((lane) => runLane({ ...lane, tag, turns, done }, options)));
  const stop = turns.run();
  try {
    return summarize(await Promise.race([reports, stop]));
  } finally {
    turns.stop();
  }
}

type Lane = {
  lane: number;
  random: SimulationRandom;
  rounds: number;
  tag: string;
  turns: Turns;
  done: { rounds: number };
};

function isWanted(lane: number, { lane: only, part }: Pick<SimulationOptions, 'lane' | 'part'>): boolean {
  if (only !== undefined) return lane === only;
  return part === undefined || lane % part.of === part.first;
}

/** One study after the other, until the lane has its rounds or a violation. */
async function runLane(
  { lane, random, tag, turns, done, ...share }: Lane,
  options: SimulationOptions,
): Promise<{ lane: number; reports: WorldReport[] }> {
  const { clients, dropout, isLong, mode, faults, store, serve, trace } = options;
  const reports: WorldReport[] = [];
  let { rounds } = share;
  while (rounds > 0) {
    const world = await World.create({
      seed: random.word(),
      study: `sim-${tag}-${lane}-${reports.length}`,
      clients,
      dropout,
      rounds,
      isLong,
      mode,
      faults,
      store,
      serve,
      trace,
      wake: turns.wake,
    });
    await turns.live(world);
    const report = await world.finish();
    reports.push(report);
    const ended = report.committed + report.abandoned;
    rounds -= ended;
    done.rounds += ended;
    if (report.violations > 0) break;
  }
  return { lane, reports };
}

/** Turns between two looks at what is real: what worlds ask of the store meanwhile travels together. */
const TURNS_PER_LOOK = 16;

/** Looks between two reports of progress. */
const LOOKS_PER_REPORT = 8;

/** Gives all worlds their turns. Between two of them all promises settle that wait for nothing real. */
class Turns {
  /** What is to be called when they have ended. */
  readonly #living = new Map<World, () => void>();
  readonly #onProgress: (rounds: number) => void;
  #woken = Promise.withResolvers<void>();
  #isStopped = false;

  /** @param onProgress told now and then how many rounds of the living worlds have ended */
  constructor(onProgress: (rounds: number) => void) {
    this.#onProgress = onProgress;
  }

  readonly wake = (): void => this.#woken.resolve();

  /** Resolves when the world has ended. */
  live(world: World): Promise<void> {
    return new Promise((ended) => {
      this.#living.set(world, ended);
      this.wake();
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.wake();
  }

  async run(): Promise<never> {
    for (let look = 0; !this.#isStopped; look += 1) {
      if (look % LOOKS_PER_REPORT === 0) this.#report();
      this.#woken = Promise.withResolvers<void>();
      let running = [...this.#living.keys()];
      for (let turn = 0; turn < TURNS_PER_LOOK && running.length > 0; turn += 1) {
        running = running.filter((world) => this.#advance(world));
        await promisesSettled();
      }
      if (running.length === 0) await this.#woken.promise;
      await eventLoopTurned();
    }
    throw new Error('the simulation was stopped');
  }

  /** @returns whether the world goes on before something real has arrived */
  #advance(world: World): boolean {
    const state = world.advance();
    if (state === 'ended') {
      this.#living.get(world)?.();
      this.#living.delete(world);
    }
    return state === 'running';
  }

  #report(): void {
    let rounds = 0;
    for (const world of this.#living.keys()) rounds += world.rounds;
    this.#onProgress(rounds);
  }
}

/** Resolves after all promises that wait for nothing real: ticks run once no callback of a promise is left. */
function promisesSettled(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

/** @throws RangeError for what cannot be simulated. */
export function checkSimulation({
  clients,
  rounds,
  dropout,
  seed,
  studies,
  lane,
}: Omit<SimulationOptions, 'store'>): void {
  const counts = { clients, rounds, studies };
  for (const [name, value] of Object.entries(counts)) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw new RangeError(`${name} must be a whole number >= 1, got ${value}`);
  }
  if (!(dropout >= 0 && dropout < 1)) throw new RangeError(`dropout must be in [0, 1), got ${dropout}`);
  if (lane !== undefined && !(lane >= 0 && lane < studies)) {
    throw new RangeError(`lane must be in [0, ${studies - 1}], got ${lane}`);
  }
  if (!Number.isSafeInteger(seed)) throw new RangeError(`seed must be a whole number, got ${seed}`);
}
