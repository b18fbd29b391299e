import type { Manifest, Question, Report, SurveyChannels } from '@chorale/protocol';
import { BlockTally, type PublishedCounts } from './block-tally.ts';
import type { DifferenceGuard } from './difference-guard.ts';
import { drivenQuestions } from './driven-questions.ts';
import { type PairCounts, PairTally } from './pair-tally.ts';
import type { ReleasedCounts } from './released-counts.ts';

/** Who sent a report, and which it is in the order of arrival. */
type Arrived = { group: string; participant: string; sequence: number };

/** Pairs of answers that are published, and whether more wait because some of their people may not be. */
export type PublishedPairs = { respondents: number; heldBack: boolean; counts: PairCounts[] };

/** One study's reports, counted by question and group. What it gives out is fit to be published. */
export class StudyTally {
  readonly #blockSize: number;
  readonly #cells = new Map<string, Map<string, BlockTally>>();
  /** `null` where no two answers of one person may be looked at together, or were before their reports were deleted. */
  #pairs: PairTally | null;
  /** Questions whose answers are looked at together. */
  readonly #driven: readonly string[];
  readonly #voices: Map<string, number>;
  /** By question, how often something was published of it. */
  readonly #versions = new Map<string, number>();
  #counted = 0;

  /** @param study.guardOf what a question's blocks may be published by; without it, all of them */
  constructor({
    manifest,
    channels,
    guardOf,
  }: {
    manifest: Manifest;
    channels: SurveyChannels;
    guardOf?: (question: Question) => DifferenceGuard;
  }) {
    const blockSize = manifest.publishing.minimumGroupSize;
    this.#blockSize = blockSize;
    for (const [id, { channel, question }] of channels.byQuestion) {
      const guard = guardOf?.(question);
      const admit =
        guard === undefined
          ? null
          : (people: readonly string[]) => guard.admit({ wave: manifest.id, people, minimum: blockSize });
      const tally = () => new BlockTally({ outputs: channel.outputs, blockSize, admit });
      this.#cells.set(id, new Map(manifest.groups.values.map((group) => [group.id, tally()])));
    }
    this.#voices = new Map(manifest.groups.values.map(({ id }) => [id, 0]));
    const driven = drivenQuestions(channels);
    this.#driven = driven.state === 'available' ? driven.questions : [];
    this.#pairs = driven.state === 'available' ? new PairTally(driven.questions) : null;
  }

  /** A study's tally from what was released of it, when its reports are gone. @throws RangeError */
  static ofReleased(study: { manifest: Manifest; channels: SurveyChannels }, released: ReleasedCounts): StudyTally {
    const tally = new StudyTally(study);
    for (const { group, voices } of released.groups) tally.#voices.set(group, voices);
    for (const { question, group, counts } of released.cells) {
      tally.#cell(question, group).restore(counts);
      tally.#versions.set(question, tally.version(question) + 1);
    }
    if (released.pairs === undefined) tally.#pairs = null;
    else tally.#pairs?.restore(released.pairs);
    return tally;
  }

  /** Counts a report that was checked against the study; the next one in the order of arrival. */
  add(report: Report, { group, participant, sequence }: Arrived): void {
    this.#counted = sequence;
    this.#voices.set(group, (this.#voices.get(group) ?? 0) + 1);
    for (const { question, letter: output } of report.answers) {
      if (this.#cell(question, group).add({ output, participant, sequence })) {
        this.#versions.set(question, this.version(question) + 1);
      }
    }
    this.#pairs?.add(report, { group, sequence });
    // Without a series all cells of a group are published at once; in one, each when its guard admits it.
    if (this.#driven.every((question) => this.#cell(question, group).isAllPublished)) this.#pairs?.publish(group);
  }

  /**
   * Drops a report that was withdrawn while no full block held it; none is there where it was not counted before.
   * @param withdrawn.sequence of the withdrawal, in the order of arrival; `withdrawnFrom` is that of the report
   */
  withdraw({ group, sequence, withdrawnFrom }: { group: string; sequence: number; withdrawnFrom: number }): void {
    this.#counted = sequence;
    const cells = [...this.#cells.keys()].map((question) => this.#cell(question, group));
    if (cells.filter((cell) => cell.remove(withdrawnFrom)).length === 0) return;
    this.#pairs?.remove({ group, sequence: withdrawnFrom });
    this.#voices.set(group, this.#voices.get(group)! - 1);
  }

  /**
   * How many more reports of its group leave this one out of every full block for certain, plus one; `null` where a full
   * block holds it, or none any more.
   */
  room(report: Report, { group, sequence }: { group: string; sequence: number }): number | null {
    const rooms = report.answers.map(({ question }) => this.#cell(question, group).room(sequence));
    return rooms.includes(null) ? null : Math.min(...rooms.filter((room) => room !== null));
  }

  /** The last sequence that was counted, 0 before the first. */
  get counted(): number {
    return this.#counted;
  }

  /** Reports so far: the one number that is live. [E4] */
  get voices(): number {
    return [...this.#voices.values()].reduce((sum, voices) => sum + voices, 0);
  }

  /** Blocks that were published, over all questions and groups. */
  get blocks(): number {
    return this.#allCells().reduce((sum, { cell }) => sum + cell.blocks, 0);
  }

  /** All that is or ever was published of these reports. */
  released(): ReleasedCounts {
    return {
      groups: [...this.#voices].map(([group, voices]) => ({ group, voices })),
      cells: this.#allCells().flatMap(({ question, group, cell: { blocks, published, released } }) =>
        blocks === 0 ? [] : [{ question, group, respondents: published.respondents, counts: released }],
      ),
      ...(this.#pairs === null ? {} : { pairs: this.#pairs.released }),
    };
  }

  /** Grows whenever something was published of a question. */
  version(question: string): number {
    return this.#versions.get(question) ?? 0;
  }

  /** Reports of a group in whole blocks, whatever they answer; with `null` those of all groups together. [E6] */
  participants(group: string | null): number {
    const whole = (voices: number) => voices - (voices % this.#blockSize);
    if (group !== null) return whole(this.#voices.get(group) ?? 0);
    return [...this.#voices.values()].reduce((sum, voices) => sum + whole(voices), 0);
  }

  /** Published letters of one group, or with `null` of all groups: the union of their blocks. [E2] */
  published(question: string, group: string | null): PublishedCounts {
    if (group !== null) return this.#cell(question, group).published;
    const groups = [...this.#cells.get(question)!.values()].map((cell) => cell.published);
    return groups.reduce((sum, cell) => ({
      respondents: sum.respondents + cell.respondents,
      counts: sum.counts.map((count, output) => count + cell.counts[output]!),
      heldBack: sum.heldBack || cell.heldBack,
    }));
  }

  /**
   * Answers of the same people to each two questions, over all groups: of those whose answers to each of the questions are
   * published. `null` where they may not be looked at together, or were not before the reports were deleted. [E10]
   */
  get pairs(): PublishedPairs | null {
    if (this.#pairs === null) return null;
    return {
      respondents: this.#pairs.respondents,
      heldBack: this.#driven.some((question) => this.published(question, null).heldBack),
      counts: this.#pairs.released,
    };
  }

  #allCells(): { question: string; group: string; cell: BlockTally }[] {
    return [...this.#cells].flatMap(([question, groups]) =>
      Array.from(groups, ([group, cell]) => ({ question, group, cell })),
    );
  }

  #cell(question: string, group: string): BlockTally {
    const cell = this.#cells.get(question)?.get(group);
    if (cell === undefined) throw new RangeError(`the study has no question ${question} in a group ${group}`);
    return cell;
  }
}
