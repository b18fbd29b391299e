import type { Schedule } from '../rounds/scheduler.ts';
import { EventQueue, type QueuedEvent } from './event-queue.ts';

/** What a coordinator's clock shows at the beginning of a simulation. */
const EPOCH_MS = Date.parse('2026-11-02T08:00:00Z');

/**
 * Time of one simulated world, in whole milliseconds. `elapsedMs` only grows, from event to event, and
 * timers run by it; `now` is what the coordinator's clock shows, which may be set forwards and back.
 */
export class VirtualClock {
  readonly #queue = new EventQueue();
  #elapsedMs = 0;
  #offsetMs = 0;

  get elapsedMs(): number {
    return this.#elapsedMs;
  }

  readonly now = (): number => EPOCH_MS + this.#elapsedMs + this.#offsetMs;

  /** Lets something happen after a delay; `isReady` holds the world up where something real is waited for. */
  after(delayMs: number, run: () => void, isReady?: () => boolean): QueuedEvent {
    return this.#queue.add(this.#elapsedMs + Math.max(0, Math.round(delayMs)), run, isReady);
  }

  /** Timers as the coordinator gets them; `latenessMs` is drawn for each and may be -1. */
  timers(latenessMs: () => number, run: (callback: () => void) => void): Schedule {
    return (callback, delayMs) => {
      const event = this.after(Math.max(1, delayMs) + latenessMs(), () => run(callback));
      return () => void (event.run = null);
    };
  }

  /** Sets the coordinator's clock forwards or back. */
  jump(ms: number): void {
    this.#offsetMs += ms;
  }

  /**
   * Moves to the next event and does it.
   * @returns whether there was one: `waiting` for something real, else `idle` with nothing to come
   */
  advance(): 'done' | 'waiting' | 'idle' {
    const event = this.#queue.first();
    if (event === undefined) return 'idle';
    if (event.isReady?.() === false) return 'waiting';
    this.#queue.take();
    this.#elapsedMs = event.at;
    event.run?.();
    return 'done';
  }
}
