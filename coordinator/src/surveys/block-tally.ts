/** Outputs of a channel, counted over whole blocks of respondents; nothing else of a group may be published. */
export type PublishedCounts = {
  /** A multiple of the block's size. */
  respondents: number;
  /** By the channel's output. */
  counts: readonly number[];
};

/**
 * The reports of one question and group, published in blocks. They are taken in the order of their
 * arrival; a block becomes visible when it is full and never changes again, so two published numbers
 * differ by whole blocks or not at all. [E2]
 */
export class BlockTally {
  readonly #outputs: number;
  readonly #blockSize: number;
  // Sparse, so that a study of many groups takes no more room than its reports.
  readonly #published = new Map<number, number>();
  #publishedRespondents = 0;
  #open: number[] = [];

  constructor({ outputs, blockSize }: { outputs: number; blockSize: number }) {
    this.#outputs = outputs;
    this.#blockSize = blockSize;
  }

  /** Published blocks as pairs of output and count, in the order of the outputs. */
  get released(): [output: number, count: number][] {
    return [...this.#published].toSorted(([a], [b]) => a - b);
  }

  /** Blocks that are published. */
  get blocks(): number {
    return this.#publishedRespondents / this.#blockSize;
  }

  /** Takes up blocks as they were released. @throws RangeError for what no blocks of this channel have */
  restore(released: readonly (readonly [output: number, count: number])[]): void {
    for (const [output, count] of released) {
      if (output >= this.#outputs) throw new RangeError(`output must be below ${this.#outputs}, got ${output}`);
      this.#published.set(output, count);
      this.#publishedRespondents += count;
    }
    if (this.#publishedRespondents % this.#blockSize === 0) return;
    throw new RangeError(
      `released counts must be whole blocks of ${this.#blockSize}, got ${this.#publishedRespondents}`,
    );
  }

  /** Counts one output; `true` when that filled a block. */
  add(output: number): boolean {
    this.#open.push(output);
    if (this.#open.length < this.#blockSize) return false;
    for (const seen of this.#open) this.#published.set(seen, (this.#published.get(seen) ?? 0) + 1);
    this.#publishedRespondents += this.#open.length;
    this.#open = [];
    return true;
  }

  get published(): PublishedCounts {
    return {
      respondents: this.#publishedRespondents,
      counts: Array.from({ length: this.#outputs }, (_, output) => this.#published.get(output) ?? 0),
    };
  }
}
