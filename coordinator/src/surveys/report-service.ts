import { ChoraleError, parseReport, type Report } from '@chorale/protocol';
import type { Store, StoredReport } from '../storage/store.ts';
import { StorageError } from '../storage/storage-error.ts';
import type { Invitations } from './invitations.ts';
import { SeriesTally } from './series-tally.ts';
import { StudyTally } from './study-tally.ts';
import { hasSurvey, type StudyRegistry, type SurveyStudy } from './study-registry.ts';

/** Reports read from the store at a time: bounds the memory that counting takes. */
const PAGE = 1000;

type Page = { after: number; limit: number };

/** What is counted together: a study, or all waves of a series. */
type Counting = {
  read: (page: Page) => Promise<StoredReport[]>;
  add: (report: StoredReport) => Promise<void>;
  sequence: number;
  running: Promise<void>;
};

/** Takes reports in and counts them. */
export class ReportService {
  readonly #options: { store: Store; studies: StudyRegistry; invitations: Invitations; now: () => number };
  readonly #studies = new Map<string, { tally: StudyTally; counting: Counting }>();
  readonly #series = new Map<string, { tally: SeriesTally; counting: Counting }>();

  /** @param options.now milliseconds since 1970 */
  constructor(options: { store: Store; studies: StudyRegistry; invitations: Invitations; now: () => number }) {
    this.#options = options;
  }

  /**
   * Accepts a report once: when this resolves it is on the disk.
   * @param text the report exactly as the device stored it; the same text again is a duplicate
   * @throws ChoraleError `TOKEN_INVALID`, `STUDY_UNKNOWN`, `MANIFEST_MISMATCH`, `MESSAGE_TOO_LARGE`,
   *   `REPORT_INVALID`, or `REPORT_CONFLICT` when the participant sent another text before
   */
  async accept(token: string, text: string): Promise<{ duplicate: boolean; receivedAt: string }> {
    const { store, invitations, now } = this.#options;
    const { study: id, sub: participant, group } = await invitations.verify(token);
    const study = await this.#survey(id);
    if (!study.manifest.groups.values.some((known) => known.id === group)) {
      throw new ChoraleError('TOKEN_INVALID', 'the invitation names a group that the study does not have');
    }
    parseReport(text, study);
    const receivedAt = new Date(now()).toISOString();
    const outcome = await store.addReport({ study: id, participant, group, text, receivedAt });
    return { duplicate: outcome.state === 'duplicate', receivedAt: outcome.receivedAt };
  }

  /**
   * Counts of all reports that are stored by now. They are read back in the order of their sequence
   * and never counted on arrival, so blocks are the same after a restart.
   * @throws ChoraleError `STUDY_UNKNOWN`, also for a study without a survey
   * @throws StorageError when a stored report does not fit its study: nothing is published then
   */
  async tally(id: string): Promise<StudyTally> {
    const study = await this.#survey(id);
    const { series } = study.manifest;
    if (series !== undefined) return (await this.seriesTally(series)).wave(study);
    let counted = this.#studies.get(id);
    if (counted === undefined) this.#studies.set(id, (counted = this.#countStudy(study)));
    await catchUp(counted.counting);
    return counted.tally;
  }

  /**
   * The same for all waves of a series together, in the one order of their reports.
   * @throws StorageError when a stored report does not fit its study: nothing of the series is published then
   */
  async seriesTally(series: string): Promise<SeriesTally> {
    let counted = this.#series.get(series);
    if (counted === undefined) this.#series.set(series, (counted = this.#countSeries(series)));
    await catchUp(counted.counting);
    return counted.tally;
  }

  #countStudy(study: SurveyStudy): { tally: StudyTally; counting: Counting } {
    const tally = new StudyTally(study);
    const read = (page: Page) => this.#options.store.readReports(study.manifest.id, page);
    const add = async (stored: StoredReport) => tally.add(readBack(stored, study), stored);
    return { tally, counting: { read, add, sequence: 0, running: Promise.resolve() } };
  }

  #countSeries(series: string): { tally: SeriesTally; counting: Counting } {
    const tally = new SeriesTally();
    const read = (page: Page) => this.#options.store.readSeriesReports(series, page);
    const add = async (stored: StoredReport) => {
      const study = await this.#survey(stored.study);
      tally.wave(study).add(readBack(stored, study), stored);
    };
    return { tally, counting: { read, add, sequence: 0, running: Promise.resolve() } };
  }

  async #survey(id: string): Promise<SurveyStudy> {
    const study = await this.#options.studies.get(id);
    if (!hasSurvey(study)) throw new ChoraleError('STUDY_UNKNOWN', `study ${id} has no survey`);
    return study;
  }
}

/** Counts what came since. */
async function catchUp(counting: Counting): Promise<void> {
  const count = async (): Promise<void> => {
    for (;;) {
      const page = await counting.read({ after: counting.sequence, limit: PAGE });
      for (const stored of page) {
        await counting.add(stored);
        counting.sequence = stored.sequence;
      }
      if (page.length < PAGE) return;
    }
  };
  // One at a time, else a page would be counted twice; after a failure the next caller tries again.
  counting.running = counting.running.then(count, count);
  await counting.running;
}

function readBack({ text, sequence }: StoredReport, study: SurveyStudy): Report {
  try {
    return parseReport(text, study);
  } catch (cause) {
    throw new StorageError(`report ${sequence} of study ${study.manifest.id} is damaged`, { cause });
  }
}
