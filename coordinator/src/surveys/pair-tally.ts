import type { Report } from '@chorale/protocol';

/** How often a report had these outputs for two questions. */
export type PairCount = [first: number, second: number, count: number];

/** Two questions, in the study's order, and what the same people reported to both. */
export type PairCounts = { first: string; second: string; counts: PairCount[] };

/** One report's outputs, in the order of the questions. */
type Waiting = { outputs: number[]; sequence: number };

/**
 * Which outputs came together in one report, of each two of some questions that every device answers. Reports wait by
 * group until they are published: the very people whose answers to each of the questions are published, so that what is
 * told of two questions is about no other set of people than what is told of one. [E10]
 */
export class PairTally {
  readonly #questions: readonly string[];
  readonly #waiting = new Map<string, Waiting[]>();
  /** By pair, counts by its two outputs. */
  readonly #published: { first: number; second: number; counts: Map<number, Map<number, number>> }[];
  #respondents = 0;

  /** @param questions ids in the study's order, at least two */
  constructor(questions: readonly string[]) {
    this.#questions = questions;
    this.#published = questions.flatMap((_, first) =>
      questions.slice(first + 1).map((__, index) => ({ first, second: first + 1 + index, counts: new Map() })),
    );
  }

  /** People behind the published counts. */
  get respondents(): number {
    return this.#respondents;
  }

  /** Takes a report up, which has an answer to each of the questions. */
  add({ answers }: Report, { group, sequence }: { group: string; sequence: number }): void {
    const outputs = this.#questions.map((id) => answers.find(({ question }) => question === id)!.letter);
    this.#waitingOf(group).push({ outputs, sequence });
  }

  /** Drops a report that waits. */
  remove({ group, sequence }: { group: string; sequence: number }): void {
    this.#waiting.set(
      group,
      this.#waitingOf(group).filter((report) => report.sequence !== sequence),
    );
  }

  /** Publishes all reports of a group that wait. */
  publish(group: string): void {
    const reports = this.#waitingOf(group);
    for (const { first, second, counts } of this.#published) {
      for (const { outputs } of reports) count(counts, [outputs[first]!, outputs[second]!, 1]);
    }
    this.#respondents += reports.length;
    this.#waiting.set(group, []);
  }

  /** All that is published, in the order of the questions and outputs. */
  get released(): PairCounts[] {
    return this.#published.map(({ first, second, counts }) => ({
      first: this.#questions[first]!,
      second: this.#questions[second]!,
      counts: [...counts]
        .flatMap(([one, others]) => Array.from(others, ([other, times]): PairCount => [one, other, times]))
        .toSorted(([a, b], [c, d]) => a - c || b - d),
    }));
  }

  /** Takes up what was released. @throws RangeError where that is not each two of the questions, of the same people */
  restore(released: readonly PairCounts[]): void {
    const sizes = this.#published.map(({ first, second, counts }) => {
      const [one, other] = [this.#questions[first]!, this.#questions[second]!];
      const pair = released.find((candidate) => candidate.first === one && candidate.second === other);
      if (pair === undefined) throw new RangeError(`released pairs must have ${one} with ${other}`);
      for (const cell of pair.counts) count(counts, cell);
      return pair.counts.reduce((sum, [, , times]) => sum + times, 0);
    });
    this.#respondents = sizes[0]!;
    if (sizes.every((size) => size === this.#respondents)) return;
    throw new RangeError(`released pairs must be of the same people, got ${sizes.join(', ')}`);
  }

  #waitingOf(group: string): Waiting[] {
    let waiting = this.#waiting.get(group);
    if (waiting === undefined) this.#waiting.set(group, (waiting = []));
    return waiting;
  }
}

function count(counts: Map<number, Map<number, number>>, [first, second, times]: PairCount): void {
  let row = counts.get(first);
  if (row === undefined) counts.set(first, (row = new Map()));
  row.set(second, (row.get(second) ?? 0) + times);
}
