import { ChoraleError, type Manifest, parseReport, type SurveyChannels } from '@chorale/protocol';
import * as v from 'valibot';
import type { Store } from '../storage/store.ts';
import { StorageError } from '../storage/storage-error.ts';
import type { Invitations } from './invitations.ts';
import { ReleasedCounts } from './released-counts.ts';
import { StudyTally } from './study-tally.ts';
import type { StudyRegistry } from './study-registry.ts';

/** Reports read from the store at a time: bounds the memory that counting takes. */
const PAGE = 1000;

type Survey = { manifest: Manifest; hash: string; channels: SurveyChannels };
type Counting = { tally: StudyTally; sequence: number; running: Promise<void> };

/** Takes reports in and counts them. */
export class ReportService {
  readonly #options: { store: Store; studies: StudyRegistry; invitations: Invitations; now: () => number };
  readonly #counted = new Map<string, Counting>();
  /** Studies whose reports are gone: nothing changes any more. */
  readonly #purged = new Map<string, StudyTally>();

  /** @param options.now milliseconds since 1970 */
  constructor(options: { store: Store; studies: StudyRegistry; invitations: Invitations; now: () => number }) {
    this.#options = options;
  }

  /**
   * Accepts a report once: when this resolves it is on the disk.
   * @param text the report exactly as the device stored it; the same text again is a duplicate
   * @throws ChoraleError `TOKEN_INVALID`, `STUDY_UNKNOWN`, `MANIFEST_MISMATCH`, `MESSAGE_TOO_LARGE`,
   *   `REPORT_INVALID`, `STUDY_CLOSED`, or `REPORT_CONFLICT` when the participant sent another text before
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
   * Counts of all reports that are stored by now, or of what was released of those that were deleted. They are read back in the order of their sequence
   * and never counted on arrival, so blocks are the same after a restart.
   * @throws ChoraleError `STUDY_UNKNOWN`, also for a study without a survey
   * @throws StorageError when a stored report does not fit its study: nothing is published then
   */
  async tally(id: string): Promise<StudyTally> {
    const study = await this.#survey(id);
    const restored = this.#purged.get(id);
    if (restored !== undefined) return restored;
    let counting = this.#counted.get(id);
    if (counting === undefined) {
      counting = { tally: new StudyTally(study), sequence: 0, running: Promise.resolve() };
      this.#counted.set(id, counting);
    }
    const current = counting;
    // One at a time, else a page would be counted twice; after a failure the next caller tries again.
    const count = () => this.#catchUp(study, current);
    current.running = current.running.then(count, count);
    await current.running;
    // Asked last: what was deleted meanwhile would be missing in what was counted.
    const purged = (await this.#options.store.studyEnd(id))?.purged;
    if (purged == null) return current.tally;
    const tally = restoreTally(study, purged.released);
    this.#purged.set(id, tally);
    this.#counted.delete(id);
    return tally;
  }

  async #catchUp(study: Survey, counting: Counting): Promise<void> {
    for (;;) {
      const page = await this.#options.store.readReports(study.manifest.id, { after: counting.sequence, limit: PAGE });
      for (const { sequence, text, group } of page) {
        counting.tally.add(readBack(text, study, sequence), group);
        counting.sequence = sequence;
      }
      if (page.length < PAGE) return;
    }
  }

  async #survey(id: string): Promise<Survey> {
    const { manifest, hash, channels } = await this.#options.studies.get(id);
    if (channels === null) throw new ChoraleError('STUDY_UNKNOWN', `study ${id} has no survey`);
    return { manifest, hash, channels };
  }
}

function restoreTally(study: Survey, released: string): StudyTally {
  try {
    return StudyTally.ofReleased(study, v.parse(ReleasedCounts, JSON.parse(released)));
  } catch (cause) {
    throw new StorageError(`what was released of study ${study.manifest.id} is damaged`, { cause });
  }
}

function readBack(text: string, study: Survey, sequence: number): ReturnType<typeof parseReport> {
  try {
    return parseReport(text, study);
  } catch (cause) {
    throw new StorageError(`report ${sequence} of study ${study.manifest.id} is damaged`, { cause });
  }
}
