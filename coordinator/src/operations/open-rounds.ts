import type { RoundObservation } from '../rounds/round-observation.ts';

/** What a node that is about to stop does as its rounds end. */
type Settling = {
  /** A round has ended; called before the next one of its study begins. */
  ended: (study: string) => void;
  /** Called once: none is under way any longer, or, with `false`, the time is over. */
  done: (settled: boolean) => void;
};

/** Which studies have a round under way, so that a node that is about to stop can let them finish. */
export class OpenRounds {
  readonly #studies = new Set<string>();
  #settling: (Settling & { timer: NodeJS.Timeout }) | null = null;

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

  has(study: string): boolean {
    return this.#studies.has(study);
  }

  /** Waits until no study has a round under way, for at most `timeoutMs`. */
  whenSettled(timeoutMs: number, settling: Settling): void {
    if (this.#studies.size === 0) return settling.done(true);
    const timer = setTimeout(() => {
      this.#settling = null;
      settling.done(false);
    }, timeoutMs);
    this.#settling = { ...settling, timer };
  }

  #end(study: string): void {
    this.#studies.delete(study);
    // After the round's end was announced, which follows in this turn, and before the next one is stored.
    if (this.#settling !== null) queueMicrotask(() => this.#settle(study));
  }

  #settle(study: string): void {
    if (this.#settling === null) return;
    const { ended, done, timer } = this.#settling;
    ended(study);
    // Where everybody waited for it the next round was being prepared already.
    this.#studies.delete(study);
    if (this.#studies.size > 0) return;
    clearTimeout(timer);
    this.#settling = null;
    done(true);
  }
}
