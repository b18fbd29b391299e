/** Outputs of a channel, counted over whole blocks of respondents; nothing else of a group may be published. */
export type PublishedCounts = {
  /** A multiple of the block's size. */
  respondents: number;
  /** By the channel's output. */
  counts: readonly number[];
  /** Whether full blocks wait because they may not be published. */
  heldBack: boolean;
};

/** What a report says to one question. */
type Waiting = {
  output: number;
  participant: string;
  /** Of the report, in the order of arrival. */
  sequence: number;
};

/**
 * The reports of one question and group, published in blocks. They are taken in the order of their
 * arrival; a block becomes visible when it is full and never changes again, so two published numbers
 * differ by whole blocks or not at all. [E2]
 *
 * In a series `admit` decides over the people of all full blocks that are not published yet. It is asked when these
 * are at least as many as those that are published, so that a wave is few numbers over large sets of people: each
 * number leaves less room for those of later waves. Who is refused waits for more. A report stays once its block is full,
 * be it refused: what `admit` said must come out again when all reports are read anew. [E5]
 */
export class BlockTally {
  readonly #outputs: number;
  readonly #blockSize: number;
  readonly #admit: ((people: readonly string[]) => boolean) | null;
  // Sparse, so that a study of many groups takes no more room than its reports.
  readonly #published = new Map<number, number>();
  #publishedRespondents = 0;
  #waiting: Waiting[] = [];
  /** So many have to wait before `admit` is asked. */
  #due = 0;
  #refused = false;

  constructor({
    outputs,
    blockSize,
    admit = null,
  }: {
    outputs: number;
    blockSize: number;
    admit?: ((people: readonly string[]) => boolean) | null;
  }) {
    this.#outputs = outputs;
    this.#blockSize = blockSize;
    this.#admit = admit;
  }

  /** Counts one output; `true` when that published something or changed why not. */
  add(report: Waiting): boolean {
    this.#waiting.push(report);
    const waiting = this.#waiting.length;
    if (waiting % this.#blockSize !== 0 || waiting < this.#due) return false;
    if (this.#admit !== null && !this.#admit(this.#waiting.map(({ participant }) => participant))) {
      // A little more each time, so that a cell that is refused for long costs no more than its reports.
      this.#due = 1.25 * waiting;
      const isNews = !this.#refused;
      this.#refused = true;
      return isNews;
    }
    this.#publish();
    return true;
  }

  /** How many more respondents fill the block that this report is in; `null` where no block holds it that is not full. */
  room(sequence: number): number | null {
    const open = this.#open;
    return open.some((report) => report.sequence === sequence) ? this.#blockSize - open.length : null;
  }

  /** Takes a report out of the block that is not full; `false` where it is not in there. */
  remove(sequence: number): boolean {
    const open = this.#open;
    const kept = open.filter((report) => report.sequence !== sequence);
    this.#waiting.splice(this.#waiting.length - open.length, open.length, ...kept);
    return kept.length < open.length;
  }

  /** Those that wait for their block to be full. */
  get #open(): readonly Waiting[] {
    return this.#waiting.slice(this.#waiting.length - (this.#waiting.length % this.#blockSize));
  }

  /** Published blocks as pairs of output and count, in the order of the outputs. */
  get released(): [output: number, count: number][] {
    return [...this.#published].toSorted(([a], [b]) => a - b);
  }

  /** Whether nobody waits: all that was added, and not removed, is published. */
  get isAllPublished(): boolean {
    return this.#waiting.length === 0;
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

  get published(): PublishedCounts {
    return {
      respondents: this.#publishedRespondents,
      counts: Array.from({ length: this.#outputs }, (_, output) => this.#published.get(output) ?? 0),
      heldBack: this.#refused,
    };
  }

  #publish(): void {
    for (const { output } of this.#waiting) this.#published.set(output, (this.#published.get(output) ?? 0) + 1);
    this.#publishedRespondents += this.#waiting.length;
    this.#waiting = [];
    this.#refused = false;
    this.#due = this.#admit === null ? 0 : this.#publishedRespondents;
  }
}
