import { delay } from '../abortable.ts';

/** Between two looks at the clock, which goes on while timers stand still: on a device that sleeps, say. */
const longestNapMs = 60_000;

/** The time until which the coordinator asked to be left alone; it passes while the page is put away, too. */
export class ComeBack {
  readonly #now: () => Date;
  #wait: { startedAt: number; ms: number } | null = null;

  constructor(now: () => Date) {
    this.#now = now;
  }

  /** Starts a wait of so many milliseconds. */
  after(ms: number): void {
    this.#wait = { startedAt: this.#now().getTime(), ms };
  }

  /** Resolves when it is over, at once if there is none. @throws the signal's reason; then it goes on. */
  async over(signal: AbortSignal): Promise<void> {
    const wait = this.#wait;
    if (wait === null) return;
    // Naps count as well: a clock that was set back must not prolong the wait.
    let left = Math.min(wait.ms, this.#left(wait));
    while (left > 0) {
      const nap = Math.min(left, longestNapMs);
      await delay(nap, signal);
      left = Math.min(left - nap, this.#left(wait));
    }
    this.#wait = null;
  }

  #left({ startedAt, ms }: { startedAt: number; ms: number }): number {
    return startedAt + ms - this.#now().getTime();
  }
}
