import type { Manifest, Report, SurveyChannels } from '@chorale/protocol';
import { BlockTally, type PublishedCounts } from './block-tally.ts';
import type { ReleasedCounts } from './released-counts.ts';

/** One study's reports, counted by question and group. What it gives out is fit to be published. */
export class StudyTally {
  readonly #cells = new Map<string, Map<string, BlockTally>>();
  #voices = 0;
  #version = 0;

  constructor({ manifest, channels }: { manifest: Manifest; channels: SurveyChannels }) {
    const blockSize = manifest.publishing.minimumGroupSize;
    for (const [question, { channel }] of channels.byQuestion) {
      const tally = () => new BlockTally({ outputs: channel.outputs, blockSize });
      this.#cells.set(question, new Map(manifest.groups.values.map(({ id }) => [id, tally()])));
    }
  }

  /** A study's tally from what was released of it, when its reports are gone. @throws RangeError */
  static ofReleased(study: { manifest: Manifest; channels: SurveyChannels }, released: ReleasedCounts): StudyTally {
    const tally = new StudyTally(study);
    tally.#voices = released.voices;
    for (const { question, group, counts } of released.cells) {
      const cell = tally.#cell(question, group);
      cell.restore(counts);
      tally.#version += cell.blocks;
    }
    return tally;
  }

  /** Counts a report that was checked against the study; the next one in the order of arrival. */
  add(report: Report, group: string): void {
    this.#voices += 1;
    for (const { question, letter } of report.answers) {
      if (this.#cell(question, group).add(letter)) this.#version += 1;
    }
  }

  /** Reports so far: the one number that is live. [E4] */
  get voices(): number {
    return this.#voices;
  }

  /** Blocks that were published, over all questions and groups. */
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

  /** All that is or ever was published of these reports. */
  released(): ReleasedCounts {
    const cells = [...this.#cells].flatMap(([question, groups]) =>
      [...groups].flatMap(([group, { blocks, published, released }]) =>
        blocks === 0 ? [] : [{ question, group, respondents: published.respondents, counts: released }],
      ),
    );
    return { voices: this.#voices, cells };
  }

  #cell(question: string, group: string): BlockTally {
    const cell = this.#cells.get(question)?.get(group);
    if (cell === undefined) throw new RangeError(`the study has no question ${question} in a group ${group}`);
    return cell;
  }
}
