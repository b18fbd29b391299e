/** How waiting items are written together. */
export type BatchQueueOptions<Item, Outcome> = {
  /** Writes items in one go: one outcome each, in their order. Rejects when none of them was written for sure. */
  write: (items: Item[]) => Promise<PromiseSettledResult<Outcome>[]>;
  /** Most items of one batch, and most of their summed sizes. */
  limits: { items: number; size: number };
  sizeOf: (item: Item) => number;
};

type Waiting<Item, Outcome> = { item: Item; succeed: (outcome: Outcome) => void; fail: (error: unknown) => void };

/**
 * Writes items one batch after the other: those that arrive while one is being written share the next.
 * A flush to disk and a round trip cost the same for one report as for a thousand.
 */
export class BatchQueue<Item, Outcome> {
  readonly #options: BatchQueueOptions<Item, Outcome>;
  #waiting: Waiting<Item, Outcome>[] = [];
  #isWriting = false;

  constructor(options: BatchQueueOptions<Item, Outcome>) {
    this.#options = options;
  }

  add(item: Item): Promise<Outcome> {
    return new Promise((succeed, fail) => {
      this.#waiting.push({ item, succeed, fail });
      if (this.#isWriting) return;
      this.#isWriting = true;
      // What arrives in the same moment shares the first batch as well.
      setImmediate(() => void this.#writeAll());
    });
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#takeBatch();
      try {
        const outcomes = await this.#options.write(batch.map(({ item }) => item));
        batch.forEach(({ succeed, fail }, index) => {
          const outcome = outcomes[index];
          if (outcome?.status === 'fulfilled') succeed(outcome.value);
          else fail(outcome?.reason);
        });
      } catch (error) {
        // Those behind would wait for the same failure, one batch after the other.
        const failed = [...batch, ...this.#waiting];
        this.#waiting = [];
        failed.forEach(({ fail }) => fail(error));
      }
    }
    this.#isWriting = false;
  }

  #takeBatch(): Waiting<Item, Outcome>[] {
    const { limits, sizeOf } = this.#options;
    let count = 0;
    let size = 0;
    for (const { item } of this.#waiting) {
      size += sizeOf(item);
      if (count > 0 && (count === limits.items || size > limits.size)) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }
}
