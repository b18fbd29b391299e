import { createHash } from 'node:crypto';
import {
  ChoraleError,
  type InvitationClaims,
  parseReport,
  type Report,
  type ReportOutcome,
  type WithdrawalOutcome,
} from '@chorale/protocol';
import * as v from 'valibot';
import type { Store, StoredReport } from '../storage/store.ts';
import { StorageError } from '../storage/storage-error.ts';
import type { Invitations } from './invitations.ts';
import { ReleasedCounts } from './released-counts.ts';
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

/** A report of a device, as it comes. */
export type IncomingReport = {
  token: string;
  /** Exactly the text that the device stored; the same text again is a duplicate. */
  report: string;
  /** SHA-256 of the secret that may withdraw it, in hexadecimal digits. */
  withdrawal?: string | undefined;
};

/** How often a withdrawal looks again while reports of the same group keep coming. */
const LOOKS = 10;
/** When it should be asked for again then. */
const RETRY_MS = 1000;

/** Takes reports in, counts them, and lets them go again. */
export class ReportService {
  readonly #options: { store: Store; studies: StudyRegistry; invitations: Invitations; now: () => number };
  readonly #studies = new Map<string, { tally: StudyTally; counting: Counting }>();
  /** Studies whose reports are gone: nothing changes any more. */
  readonly #purged = new Map<string, StudyTally>();
  readonly #series = new Map<string, { tally: SeriesTally; counting: Counting }>();

  /** @param options.now milliseconds since 1970 */
  constructor(options: { store: Store; studies: StudyRegistry; invitations: Invitations; now: () => number }) {
    this.#options = options;
  }

  /**
   * Accepts a report once: when this resolves it is on the disk.
   * @param options.study where the device says which study it is for; the invitation must be to that one
   * @throws ChoraleError `TOKEN_INVALID`, `STUDY_UNKNOWN`, `MANIFEST_MISMATCH`, `MESSAGE_TOO_LARGE`,
   *   `REPORT_INVALID`, `STUDY_CLOSED`, `REPORT_CONFLICT` when the participant sent another text before, or `REPORT_WITHDRAWN`
   */
  async accept(
    { token, report: text, withdrawal }: IncomingReport,
    to: { study?: string } = {},
  ): Promise<ReportOutcome> {
    const { store, now } = this.#options;
    const { study: id, sub: participant, group } = await this.#invited(token, to);
    const study = await this.#survey(id);
    if (!study.manifest.groups.values.some((known) => known.id === group)) {
      throw new ChoraleError('TOKEN_INVALID', 'the invitation names a group that the study does not have');
    }
    parseReport(text, study);
    const receivedAt = new Date(now()).toISOString();
    const outcome = await store.addReport({
      study: id,
      participant,
      group,
      text,
      receivedAt,
      ...(withdrawal === undefined ? {} : { withdrawal }),
    });
    return { duplicate: outcome.state === 'duplicate', receivedAt: outcome.receivedAt };
  }

  /**
   * Deletes the report of an invitation, unless a full block holds one of its answers; asking again gives the same
   * answer. When this resolves it is gone from the store for good, and the invitation stays used.
   * @param secret whose hash came with the report
   * @throws ChoraleError `TOKEN_INVALID`, `STUDY_UNKNOWN`, `REPORT_UNKNOWN`, `RECEIPT_INVALID` for another secret, or
   *   `UNAVAILABLE` while too many reports arrive to tell
   */
  async withdraw(
    { token, secret }: { token: string; secret: string },
    to: { study?: string } = {},
  ): Promise<WithdrawalOutcome> {
    const { store } = this.#options;
    const { study: id, sub: participant } = await this.#invited(token, to);
    const study = await this.#survey(id);
    const hash = createHash('sha256').update(secret).digest('hex');
    for (let look = 0; look < LOOKS; look += 1) {
      const report = await store.readReport(id, participant);
      if (report === null) throw new ChoraleError('REPORT_UNKNOWN', 'there is no report of this invitation');
      // Devices of older versions gave no hash: nothing can withdraw their reports.
      if (report.withdrawal !== hash) throw new ChoraleError('RECEIPT_INVALID', 'the secret is not that of the report');
      if (report.withdrawnFrom !== undefined) return { outcome: 'withdrawn' };
      const tally = await this.tally(id);
      const { counted } = tally;
      const room = tally.room(readBack(report, study), report);
      if (room === null) {
        // Or somebody else has withdrawn it since it was read.
        if ((await store.readReport(id, participant))?.withdrawnFrom === undefined) return { outcome: 'released' };
        return { outcome: 'withdrawn' };
      }
      const outcome = await store.withdrawReport({ study: id, participant, counted, room });
      if (outcome === 'withdrawn') return { outcome };
    }
    throw new ChoraleError('UNAVAILABLE', 'too many reports arrive just now', { retryAfterMs: RETRY_MS });
  }

  /**
   * Counts of all reports that are stored by now, or of what was released of those that were deleted. They are read back in the order of their sequence
   * and never counted on arrival, so blocks are the same after a restart.
   * @throws ChoraleError `STUDY_UNKNOWN`, also for a study without a survey
   * @throws StorageError when a stored report does not fit its study: nothing is published then
   */
  async tally(id: string): Promise<StudyTally> {
    const study = await this.#survey(id);
    const { series } = study.manifest;
    if (series !== undefined) return (await this.seriesTally(series)).wave(study);
    const restored = this.#purged.get(id);
    if (restored !== undefined) return restored;
    let counted = this.#studies.get(id);
    if (counted === undefined) this.#studies.set(id, (counted = this.#countStudy(study)));
    await catchUp(counted.counting);
    // Asked last: what was deleted meanwhile would be missing in what was counted.
    const purged = (await this.#options.store.studyEnd(id))?.purged;
    if (purged == null) return counted.tally;
    const tally = restoreTally(study, purged.released);
    this.#purged.set(id, tally);
    this.#studies.delete(id);
    return tally;
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
    const add = async (stored: StoredReport) => count(tally, stored, study);
    return { tally, counting: { read, add, sequence: 0, running: Promise.resolve() } };
  }

  #countSeries(series: string): { tally: SeriesTally; counting: Counting } {
    const tally = new SeriesTally();
    const read = (page: Page) => this.#options.store.readSeriesReports(series, page);
    const add = async (stored: StoredReport) => {
      const study = await this.#survey(stored.study);
      count(tally.wave(study), stored, study);
    };
    return { tally, counting: { read, add, sequence: 0, running: Promise.resolve() } };
  }

  async #invited(token: string, { study }: { study?: string }): Promise<InvitationClaims> {
    const claims = await this.#options.invitations.verify(token);
    if (claims.study === (study ?? claims.study)) return claims;
    throw new ChoraleError('TOKEN_INVALID', 'the invitation is to another study');
  }

  async #survey(id: string): Promise<SurveyStudy> {
    const study = await this.#options.studies.get(id);
    if (!hasSurvey(study)) throw new ChoraleError('STUDY_UNKNOWN', `study ${id} has no survey`);
    return study;
  }
}

/** Counts a report, or drops it again. */
function count(tally: StudyTally, stored: StoredReport, study: SurveyStudy): void {
  const { withdrawnFrom } = stored;
  if (withdrawnFrom === undefined) tally.add(readBack(stored, study), stored);
  else tally.withdraw({ ...stored, withdrawnFrom });
}

/** Counts what came since. */
async function catchUp(counting: Counting): Promise<void> {
  const run = async (): Promise<void> => {
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
  counting.running = counting.running.then(run, run);
  await counting.running;
}

function restoreTally(study: SurveyStudy, released: string): StudyTally {
  try {
    return StudyTally.ofReleased(study, v.parse(ReleasedCounts, JSON.parse(released)));
  } catch (cause) {
    throw new StorageError(`what was released of study ${study.manifest.id} is damaged`, { cause });
  }
}

function readBack({ text, sequence }: StoredReport, study: SurveyStudy): Report {
  try {
    return parseReport(text, study);
  } catch (cause) {
    throw new StorageError(`report ${sequence} of study ${study.manifest.id} is damaged`, { cause });
  }
}
