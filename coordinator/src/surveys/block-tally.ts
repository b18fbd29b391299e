/** Letters counted over whole blocks of respondents; nothing else of a group may be published. */
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
  readonly #blockSize: number;
  readonly #published: number[];
  #publishedRespondents = 0;
  #open: number[];
  #openRespondents = 0;

  constructor({ outputs, blockSize }: { outputs: number; blockSize: number }) {
    this.#blockSize = blockSize;
    this.#published = Array.from({ length: outputs }, () => 0);
    this.#open = this.#published.slice();
  }

  /** Counts one letter; `true` when that filled a block. */
  add(letter: number): boolean {
    this.#open[letter]! += 1;
    this.#openRespondents += 1;
    if (this.#openRespondents < this.#blockSize) return false;
    this.#open.forEach((count, output) => (this.#published[output]! += count));
    this.#publishedRespondents += this.#openRespondents;
    this.#open = this.#open.map(() => 0);
    this.#openRespondents = 0;
    return true;
  }

  get published(): PublishedCounts {
    return { respondents: this.#publishedRespondents, counts: this.#published.slice() };
  }
}
