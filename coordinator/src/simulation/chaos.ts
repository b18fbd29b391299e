import type { SimulatedClient } from './simulated-client.ts';
import type { SimulatedStore } from './simulated-store.ts';
import type { Surroundings } from './surroundings.ts';

/** What chaos can do to a world, besides what clients do to themselves. */
export type Victims = {
  readonly clients: readonly SimulatedClient[];
  readonly store: SimulatedStore;
  /** Ends the coordinator, at once or in good order, and starts another one. */
  restart: (how: 'kill' | 'stop') => void;
  /** Reads what is published. */
  read: () => void;
};

/** Lets things go wrong in a world, at any moment: between rounds, within them, and while the store works. */
export class Chaos {
  readonly #world: Surroundings;
  readonly #victims: Victims;

  constructor(world: Surroundings, victims: Victims) {
    this.#world = world;
    this.#victims = victims;
    victims.store.onCall.push((_name, roundTripMs) => this.#meddle(roundTripMs));
  }

  /** Begins, and never ends by itself. */
  start(): void {
    const { clock, random } = this.#world;
    clock.after(random.delayMs(2000), () => {
      this.#strike();
      this.start();
    });
  }

  /** Phases that last as long as the store takes are too short to be hit by chance. */
  #meddle(roundTripMs: number): void {
    const { clock, random, faults } = this.#world;
    if (faults.has('restarts') && random.chance(0.01)) {
      clock.after(random.integer(0, roundTripMs), () => this.#victims.restart('kill'));
    }
    if (faults.has('reconnects') && random.chance(0.05)) {
      const client = this.#anyone();
      clock.after(random.integer(0, roundTripMs), () => client.lose(random.delayMs(3000)));
    }
    if (faults.has('leaving') && random.chance(0.02)) {
      const client = this.#anyone();
      clock.after(random.integer(0, roundTripMs), () => client.leaveForGood());
    }
  }

  #strike(): void {
    const { random, faults, checker } = this.#world;
    const { books } = checker;
    const { store, restart, read } = this.#victims;
    switch (random.integer(0, 8)) {
      case 0:
        if (faults.has('reconnects')) this.#anyone().lose(random.delayMs(10_000));
        return;
      case 1:
        if (faults.has('reconnects')) this.#anyone().takeOver();
        return;
      case 2:
        if (faults.has('leaving') && random.chance(0.5)) this.#anyone().leaveForGood();
        return;
      case 3: {
        const last = books.present?.number ?? books.highestRound;
        const round = random.chance(0.7) ? last : random.integer(Math.max(1, last - 3), last + 2);
        if (faults.has('strangers') && round > 0) this.#anyone().intrude(round, books.present?.kind ?? 'train');
        return;
      }
      case 4:
        if (faults.has('clock') && random.chance(0.2)) this.#setClock();
        return;
      case 5:
        if (faults.has('store') && random.chance(0.1)) store.fail(random.delayMs(15_000));
        return;
      case 6:
        if (faults.has('restarts') && random.chance(0.1)) restart(random.chance(0.7) ? 'kill' : 'stop');
        return;
      case 7:
        if (random.chance(0.3)) read();
        return;
      default:
        if (faults.has('reconnects')) for (let i = 0; i < 3; i += 1) this.#anyone().lose(random.delayMs(3000));
    }
  }

  #setClock(): void {
    const { clock, random, checker, trace } = this.#world;
    const ms = Math.round(random.pick([100, 5000, 60_000, 3_600_000]) * (2 * random.uniform() - 1));
    trace.note(clock.elapsedMs, 'clock set', '', 0, ms);
    clock.jump(ms);
    checker.time.clockSet();
  }

  #anyone(): SimulatedClient {
    return this.#world.random.pick(this.#victims.clients)!;
  }
}
