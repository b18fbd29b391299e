import type { RoundObservation } from '../rounds/round-observation.ts';

/** Which studies have a round under way, so that a node that is about to stop can let them finish. */
export class OpenRounds {
  readonly #studies = new Set<string>();
  #waiters: (() => void)[] = [];

  observe(event: RoundObservation): void {
    switch (event.type) {
      case 'phase':
        if (event.phase === 'configuring') this.#studies.add(event.study);
        // Abandoned before it was opened.
        if (event.phase === 'abandoned') this.#end(event.study);
        return;
      case 'ended':
        this.#end(event.study);
        return;
      case 'clients':
        return;
    }
  }

  /**
   * Calls `done` once no study has a round under way: with `true`, or after `timeoutMs` with `false`. It is
   * called before the next round of a study begins.
   */
  whenSettled(timeoutMs: number, done: (settled: boolean) => void): void {
    if (this.#studies.size === 0) return done(true);
    const waiter = (): void => {
      clearTimeout(timer);
      done(true);
    };
    const timer = setTimeout(() => {
      this.#waiters = this.#waiters.filter((other) => other !== waiter);
      done(false);
    }, timeoutMs);
    this.#waiters.push(waiter);
  }

  #end(study: string): void {
    this.#studies.delete(study);
    if (this.#studies.size > 0) return;
    const waiters = this.#waiters.splice(0);
    // After the round's end was announced, which follows in this turn, and before the next one is stored.
    queueMicrotask(() => waiters.forEach((waiter) => waiter()));
  }
}
