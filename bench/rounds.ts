import type { TrainingTask } from '@chorale/protocol';
import { step } from '../coordinator/src/rounds/round.ts';
import {
  type Effect,
  initialState,
  type TrainingEvent,
  type TrainingState,
} from '../coordinator/src/rounds/training-state.ts';
import { benchStudy } from './training-study.ts';

/** How long each number of clients is measured, in milliseconds. */
const MEASURED_MS = 1500;

/** How many events a second does the state machine take? */
export async function benchRounds(): Promise<void> {
  console.log('state machine alone, half of the clients in each round, a tenth of them reconnecting');
  console.log('   clients    events a second   µs an event   times 10 clients');
  let first = 0;
  for (const clients of [10, 100, 1000, 10_000]) {
    eventsPerSecond(clients, MEASURED_MS / 5);
    const rate = eventsPerSecond(clients, MEASURED_MS);
    first ||= rate;
    const cells = [
      clients.toLocaleString('en').padStart(10),
      Math.round(rate).toLocaleString('en').padStart(18),
      (1e6 / rate).toFixed(2).padStart(13),
      (first / rate).toFixed(2).padStart(18),
    ];
    console.log(cells.join(' '));
  }
}

function eventsPerSecond(clients: number, ms: number): number {
  const run = new SyntheticStudy(clients);
  const started = performance.now();
  let elapsed = 0;
  while (elapsed < ms) {
    run.round();
    elapsed = performance.now() - started;
  }
  return (run.events / elapsed) * 1000;
}

/** A study without a network or a store: whatever the state machine asks for is done at once. */
class SyntheticStudy {
  readonly #task: TrainingTask;
  #state: TrainingState;
  #invited: readonly string[] = [];
  #round = 0;
  #now = 0;
  events = 0;

  constructor(clients: number) {
    const { training } = benchStudy({ parameters: 3, clients: Math.ceil(clients / 2), rounds: 10_000 });
    this.#task = { ...training!, rounds: Number.MAX_SAFE_INTEGER };
    this.#state = initialState(
      { round: 0, committedRounds: 0, evaluated: false, failedEvaluations: 0 },
      { done: false },
    );
    for (let i = 0; i < clients; i += 1) this.#take({ type: 'joined', participant: `client-${i}`, group: 'a' });
  }

  /** One whole round: every tenth member comes back once, and all report. */
  round(): void {
    const round = this.#round;
    for (const [i, participant] of [...this.#invited].entries()) {
      if (i % 10 === 0) {
        this.#take({ type: 'left', participant, forGood: false });
        this.#take({ type: 'joined', participant, group: 'a' });
      }
      this.#take({ type: 'update-accepted', round, participant });
    }
    if (this.#round === round) throw new Error(`round ${round} did not end`);
  }

  #take(event: TrainingEvent): void {
    this.#now += 0.01;
    this.events += 1;
    const { state, effects } = step(this.#task, this.#state, event, this.#now);
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: Effect): void {
    if (effect.type === 'open') this.#take({ type: 'opened', round: effect.round.number });
    if (effect.type === 'aggregate') this.#take({ type: 'stored', round: effect.round.number });
    // Whoever comes back is invited again, to the same round.
    if (effect.type !== 'invite' || effect.round.number === this.#round) return;
    this.#round = effect.round.number;
    this.#invited = effect.participants;
  }
}
