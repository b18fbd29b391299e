import type { RoundRecord, Store } from '../storage/store.ts';
import type { Checker } from './checker/checker.ts';
import type { StoreCall } from './checker/store-check.ts';
import type { Fault } from './faults.ts';
import type { SimulationRandom } from './random.ts';
import type { Trace } from './trace.ts';
import type { VirtualClock } from './virtual-clock.ts';

type Options = {
  /** The store that really holds everything; other worlds write to it at the same time. */
  store: Store;
  clock: VirtualClock;
  random: SimulationRandom;
  faults: ReadonlySet<Fault>;
  checker: Checker;
  trace: Trace;
  /** A coordinator is about to go on with what the store has answered. */
  touch: () => void;
  /** Something real has arrived that the world may be waiting for. */
  wake: () => void;
};

/** How a call fails: the tables never hear of it, their answer is lost, or they hear of it only afterwards. */
type Failure = 'before' | 'after' | 'late' | null;

type Call = StoreCall & {
  answer: { value: unknown } | { error: unknown } | null;
  readonly failure: Failure;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
};

/** Calls whose moment is drawn; others, such as those for studies, pass through. */
const METHODS = new Set([
  'openRound',
  'endRound',
  'abandonOpenRounds',
  'readRounds',
  'readParticipations',
  'latestModel',
]);

/**
 * A real store in simulated time. A call travels, is done by the real store, and its answer travels back;
 * both take a time that is drawn when it is made, so how long the real store takes does not show. A
 * coordinator that is killed meanwhile leaves what has reached the tables, and nothing else.
 */
export class SimulatedStore {
  readonly #options: Options;
  /** Calls that the real store has not answered yet. */
  #underWay = 0;
  #failsUntilMs = 0;
  #failures = 0;
  readonly onCall: ((name: string, roundTripMs: number) => void)[] = [];

  constructor(options: Options) {
    this.#options = options;
  }

  /** Calls that failed by a fault so far. */
  get failures(): number {
    return this.#failures;
  }

  /** Whether the real store has answered everything. */
  readonly isQuiet = (): boolean => this.#underWay === 0;

  /** Lets all calls fail for a while. */
  fail(durationMs: number): void {
    this.#failsUntilMs = this.#options.clock.elapsedMs + durationMs;
  }

  /** The store as one coordinator has it: nothing reaches it any more once that is dead. */
  connect(isAlive: () => boolean): Store {
    const { store } = this.#options;
    return new Proxy(store, {
      get: (target, name) => {
        if (typeof name === 'string' && METHODS.has(name)) {
          return (...args: unknown[]) => this.#call(name, args, isAlive);
        }
        // Nobody closes a simulated study; asked of the real store, real time would show.
        if (name === 'studyEnd') return async () => null;
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }

  #call(name: string, args: unknown[], isAlive: () => boolean): Promise<unknown> {
    const { clock, checker, trace } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const call: Call = { name, args, answer: null, failure: this.#drawFailure(), resolve, reject };
    const isLate = call.failure === 'late';
    const thereMs = this.#drawTravelMs();
    const backMs = isLate ? 0 : this.#drawTravelMs();
    trace.note(clock.elapsedMs, `ask ${name}`, '', roundOf(call), call.failure ?? '');
    if (!isAlive()) return promise;
    checker.store.asked(call);
    checker.time.storeAsked();
    clock.after(isLate ? thereMs + this.#drawLatenessMs() : thereMs, () => {
      if (isAlive() && call.failure !== 'before') this.#reach(call);
    });
    clock.after(
      thereMs + backMs,
      () => {
        if (isAlive()) this.#answer(call);
      },
      () => call.answer !== null || call.failure === 'before' || isLate || !isAlive(),
    );
    for (const listener of this.onCall) listener(name, thereMs + backMs);
    return promise;
  }

  #reach(call: Call): void {
    const { checker, trace, clock } = this.#options;
    trace.note(clock.elapsedMs, call.name, '', roundOf(call));
    checker.store.reached(call);
    this.#underWay += 1;
    this.#ask(call).then(
      (value) => this.#settle(call, { value }),
      (error: unknown) => this.#settle(call, { error }),
    );
  }

  #settle(call: Call, answer: { value: unknown } | { error: unknown }): void {
    call.answer = answer;
    this.#underWay -= 1;
    this.#options.wake();
  }

  #answer(call: Call): void {
    const { checker, trace, clock, touch } = this.#options;
    touch();
    const { answer, failure } = call;
    if (answer !== null) checker.store.answered(call, answer);
    const isDone = failure === null && answer !== null && 'value' in answer;
    trace.note(clock.elapsedMs, isDone ? 'stored' : 'not stored', '', roundOf(call), call.name);
    checker.store.told(call, isDone);
    checker.time.storeAnswered();
    if (failure !== null) {
      this.#failures += 1;
      call.reject(new Error(`simulated: ${call.name} failed ${failure === 'late' ? 'before' : failure} it was done`));
    } else if (answer !== null && 'value' in answer) call.resolve(answer.value);
    else call.reject(new Error('the store failed', { cause: answer?.error }));
  }

  async #ask({ name, args }: Call): Promise<unknown> {
    const { store } = this.#options;
    const method: unknown = Reflect.get(store, name);
    if (typeof method !== 'function') throw new TypeError(`the store has no method ${name}`);
    return Reflect.apply(method, store, args);
  }

  #drawFailure(): Failure {
    const { faults, random, clock } = this.#options;
    if (faults.has('late-writes') && random.chance(0.02)) return 'late';
    if (!faults.has('store')) return null;
    const isFailing = random.chance(0.02) || clock.elapsedMs < this.#failsUntilMs;
    return isFailing ? random.pick(['before', 'after']) : null;
  }

  #drawLatenessMs(): number {
    const { random } = this.#options;
    return random.chance(0.5) ? random.integer(0, 10) : random.delayMs(2000);
  }

  #drawTravelMs(): number {
    const { faults, random } = this.#options;
    const isSlow = faults.has('store') && random.chance(0.02);
    return isSlow ? random.delayMs(3000) : random.integer(0, 4);
  }
}

function roundOf({ name, args }: StoreCall): number {
  return name === 'openRound' || name === 'endRound' ? (args[0] as RoundRecord).round : 0;
}
