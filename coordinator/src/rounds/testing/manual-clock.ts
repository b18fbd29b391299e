import type { Schedule } from '../scheduler.ts';

/** A clock that stands still until it is moved, and then runs the timers that came due, in order. */
export class ManualClock {
  #now = Date.parse('2026-11-02T08:00:00Z');
  #timers = new Set<{ at: number; callback: () => void }>();

  readonly now = (): number => this.#now;

  readonly schedule: Schedule = (callback, delayMs) => {
    const timer = { at: this.#now + delayMs, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  /** Moves without running timers, as a process does that was suspended. */
  skip(ms: number): void {
    this.#now += ms;
  }

  advance(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const due = [...this.#timers].filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#timers.delete(due);
      this.#now = Math.max(this.#now, due.at);
      due.callback();
    }
    this.#now = until;
  }
}
