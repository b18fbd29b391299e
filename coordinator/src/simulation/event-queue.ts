/** Something that will happen in a simulated world, unless it is cancelled. */
export type QueuedEvent = {
  readonly at: number;
  readonly sequence: number;
  /** `null` once it is cancelled. */
  run: (() => void) | null;
  /** Absent where nothing real is waited for; else whether that is there. */
  readonly isReady?: (() => boolean) | undefined;
};

/**
 * Events by their time; those of one time in the order in which they were added. A binary heap: adding
 * and taking cost log(n).
 */
export class EventQueue {
  readonly #heap: QueuedEvent[] = [];
  #sequence = 0;

  get size(): number {
    return this.#heap.length;
  }

  add(at: number, run: () => void, isReady?: () => boolean): QueuedEvent {
    const event: QueuedEvent = { at, sequence: this.#sequence, run, isReady };
    this.#sequence += 1;
    this.#rise(event);
    return event;
  }

  /** The next event that was not cancelled; it stays in the queue. */
  first(): QueuedEvent | undefined {
    while (this.#heap[0]?.run === null) this.take();
    return this.#heap[0];
  }

  /** Removes the first event, cancelled or not. */
  take(): QueuedEvent | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (first !== last && last !== undefined) this.#sink(last);
    return first;
  }

  #rise(event: QueuedEvent): void {
    const heap = this.#heap;
    let index = heap.length;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (isBefore(heap[parent]!, event)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = event;
  }

  #sink(event: QueuedEvent): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (isBefore(event, heap[child]!)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = event;
  }
}

function isBefore(a: QueuedEvent, b: QueuedEvent): boolean {
  return a.at === b.at ? a.sequence < b.sequence : a.at < b.at;
}
