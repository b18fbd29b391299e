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
  #open: { sequence: number; output: number }[] = [];

  constructor({ outputs, blockSize }: { outputs: number; blockSize: number }) {
    this.#outputs = outputs;
    this.#blockSize = blockSize;
  }

  /** Counts one output; `true` when that filled a block. @param sequence of its report */
  add(output: number, sequence: number): boolean {
    this.#open.push({ sequence, output });
    if (this.#open.length < this.#blockSize) return false;
    for (const { output: seen } of this.#open) this.#published.set(seen, (this.#published.get(seen) ?? 0) + 1);
    this.#publishedRespondents += this.#open.length;
    this.#open = [];
    return true;
  }

  /** How many more respondents fill the block that this report is in; `null` where none is waiting that holds it. */
  room(sequence: number): number | null {
    return this.#open.some((entry) => entry.sequence === sequence) ? this.#blockSize - this.#open.length : null;
  }

  /** Takes a report out of the block that is waiting; `false` where it is not in there. */
  remove(sequence: number): boolean {
    const before = this.#open.length;
    this.#open = this.#open.filter((entry) => entry.sequence !== sequence);
    return this.#open.length < before;
  }

  get published(): PublishedCounts {
    return {
      respondents: this.#publishedRespondents,
      counts: Array.from({ length: this.#outputs }, (_, output) => this.#published.get(output) ?? 0),
    };
  }
}
