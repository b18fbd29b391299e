import { type Actor, ChoraleError, sha256Name } from '@chorale/protocol';
import type { TrainingService } from '../rounds/training-service.ts';
import type { Store } from '../storage/store.ts';
import { releasedText } from '../surveys/released-counts.ts';
import type { ReportService } from '../surveys/report-service.ts';
import type { ResultsService } from '../surveys/results-service.ts';
import type { PublishedStudy, StudyRegistry } from '../surveys/study-registry.ts';
import { requirePermission } from './permissions.ts';

type Options = {
  store: Pick<Store, 'closeStudy' | 'purgeStudy' | 'countReports' | 'studyEnd'>;
  studies: StudyRegistry;
  reports: ReportService;
  results: ResultsService;
  training: Pick<TrainingService, 'close'>;
  /** Milliseconds since 1970. */
  now: () => number;
};

/**
 * Whether the reports of a study may go once it is closed. Those of a wave may not: what later waves may show is decided
 * by who is in this one. [E5]
 */
export function isPurgeable({ manifest }: PublishedStudy): boolean {
  return manifest.series === undefined;
}

/** The end of studies: closed, when nothing comes in any more, and purged, when only what was released is left. [O4] */
export class Endings {
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  /** @throws ChoraleError `PERMISSION_DENIED`, `STUDY_UNKNOWN` */
  async close(id: string, actor: Actor): Promise<'closed' | 'unchanged'> {
    requirePermission(actor, 'close', 'closing a study');
    const { store, studies, training, results } = this.#options;
    const study = await studies.get(id);
    const at = this.#at();
    const entry = { at, actor, action: 'study-closed', subject: id, details: { manifest: study.hash } } as const;
    const outcome = await store.closeStudy({ study: id, closedAt: at }, entry);
    await training.close(study);
    // All that will ever be released is known now; that it is logged must not wait for somebody to read it.
    if (study.channels !== null) await results.of(id);
    return outcome;
  }

  /**
   * Deletes the raw reports. Results stay the same numbers: the counts of released blocks are kept.
   * @throws ChoraleError `PERMISSION_DENIED`, `STUDY_UNKNOWN`, `STUDY_OPEN`
   */
  async purge(id: string, actor: Actor): Promise<'purged' | 'unchanged'> {
    requirePermission(actor, 'purge', 'deleting the reports of a study');
    const { store, studies, reports } = this.#options;
    const study = await studies.get(id);
    if (!isPurgeable(study)) {
      throw new ChoraleError(
        'STUDY_OPEN',
        `the series ${study.manifest.series} goes on: what its waves may show depends on who took part in this one`,
      );
    }
    if ((await store.studyEnd(id)) === null) {
      throw new ChoraleError('STUDY_OPEN', 'close the study first: only the reports of a closed one can be deleted');
    }
    const voices = await store.countReports(id);
    const released = await this.#released(study, reports);
    const at = this.#at();
    const details = { manifest: study.hash, voices, released: await sha256Name(released) };
    return store.purgeStudy(
      { study: id, at, voices, released },
      { at, actor, action: 'study-purged', subject: id, details },
    );
  }

  /** Nothing comes in any more, so this is the same however often and wherever it is counted. */
  async #released({ manifest, channels }: PublishedStudy, reports: ReportService): Promise<string> {
    return channels === null ? '{}' : releasedText(await reports.tally(manifest.id));
  }

  #at(): string {
    return new Date(this.#options.now()).toISOString();
  }
}
