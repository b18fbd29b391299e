/** Events from callbacks, to be read one after the other by one `for await`. */
export class EventQueue<T> implements AsyncIterable<T> {
  readonly #events: T[] = [];
  #wake = Promise.withResolvers<void>();
  #end: { error?: unknown } | null = null;

  push(event: T): void {
    if (this.#end !== null) return;
    this.#events.push(event);
    this.#wake.resolve();
  }

  /** Ends the reading once all events were read. */
  end(): void {
    this.#end ??= {};
    this.#wake.resolve();
  }

  /** The same, with an error. */
  fail(error: unknown): void {
    this.#end ??= { error };
    this.#wake.resolve();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      while (this.#events.length > 0) yield this.#events.shift()!;
      if (this.#end !== null) {
        if ('error' in this.#end) throw this.#end.error;
        return;
      }
      await this.#wake.promise;
      this.#wake = Promise.withResolvers<void>();
    }
  }
}
