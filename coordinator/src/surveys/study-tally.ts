import type { Manifest, Report, SurveyChannels } from '@chorale/protocol';
import { BlockTally, type PublishedCounts } from './block-tally.ts';

/** One study's reports, counted by question and group. What it gives out is fit to be published. */
export class StudyTally {
  readonly #cells = new Map<string, Map<string, BlockTally>>();
  #voices = 0;
  #version = 0;
  #counted = 0;

  constructor({ manifest, channels }: { manifest: Manifest; channels: SurveyChannels }) {
    const blockSize = manifest.publishing.minimumGroupSize;
    for (const [question, { channel }] of channels.byQuestion) {
      const tally = () => new BlockTally({ outputs: channel.outputs, blockSize });
      this.#cells.set(question, new Map(manifest.groups.values.map(({ id }) => [id, tally()])));
    }
  }

  /** Counts a report that was checked against the study; the next one in the order of arrival. */
  add(report: Report, { group, sequence }: { group: string; sequence: number }): void {
    this.#counted = sequence;
    this.#voices += 1;
    for (const { question, letter } of report.answers) {
      if (this.#cell(question, group).add(letter, sequence)) this.#version += 1;
    }
  }

  /**
   * Drops a report that was withdrawn while no published block held it; none is there where it was not counted before.
   * @param withdrawn.sequence of the withdrawal, in the order of arrival; `withdrawnFrom` is that of the report
   */
  withdraw({ group, sequence, withdrawnFrom }: { group: string; sequence: number; withdrawnFrom: number }): void {
    this.#counted = sequence;
    const cells = [...this.#cells.keys()].map((question) => this.#cell(question, group));
    if (cells.filter((cell) => cell.remove(withdrawnFrom)).length > 0) this.#voices -= 1;
  }

  /**
   * How many more reports of its group leave this one out of every published block for certain, plus one; `null` where a
   * block that is published holds it, or none any more.
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
    return this.#voices;
  }

  /** Grows whenever something was published. */
  get version(): number {
    return this.#version;
  }

  /** Published letters of one group, or with `null` of all groups: the union of their blocks. [E2] */
  published(question: string, group: string | null): PublishedCounts {
    if (group !== null) return this.#cell(question, group).published;
    const groups = [...this.#cells.get(question)!.values()].map((cell) => cell.published);
    return groups.reduce((sum, cell) => ({
      respondents: sum.respondents + cell.respondents,
      counts: sum.counts.map((count, output) => count + cell.counts[output]!),
    }));
  }

  #cell(question: string, group: string): BlockTally {
    const cell = this.#cells.get(question)?.get(group);
    if (cell === undefined) throw new RangeError(`the study has no question ${question} in a group ${group}`);
    return cell;
  }
}
