import {
  type Actor,
  checkLog,
  type Guarantee,
  type LogCheck,
  type LogEntry,
  type Manifest,
  type StudyState,
} from '@chorale/protocol';
import type { TrainingService } from '../rounds/training-service.ts';
import type { Store } from '../storage/store.ts';
import type { PublishedStudy, StudyRegistry } from '../surveys/study-registry.ts';
import { evidencePack } from './evidence-pack.ts';
import { requirePermission } from './permissions.ts';
import { daysKept } from './retention.ts';
import { auditSurveyInThread } from './survey-audit-thread.ts';
import type { SurveyAudit } from './survey-audit.ts';

/** Entries of the log read at a time. */
const PAGE = 1000;

/** All that a pack is made of. */
export type EvidenceFacts = {
  study: PublishedStudy;
  state: StudyState;
  /** Whole days that raw reports are kept after the study's end; `null` until somebody deletes them. */
  daysKept: number | null;
  /** Of the study's mechanisms, as the pack was made; `null` for a study that asks nothing. */
  audit: SurveyAudit | null;
  /** What one unit has lost in training so far that took part as often as it could. */
  spent: Guarantee[];
  /** Entries about this study, the one about this pack last. */
  entries: LogEntry[];
  /** Of the whole log. */
  check: LogCheck;
  at: string;
};

type Options = {
  store: Pick<Store, 'appendLog' | 'readLog'>;
  studies: StudyRegistry;
  training: Pick<TrainingService, 'start' | 'rounds'>;
  /** The operator's bound, in whole days; `null` for none. */
  retentionDays: number | null;
  /** Milliseconds since 1970. */
  now: () => number;
};

/** Evidence packs: what an auditor asks of a study, in one file, with the log that backs it. */
export class Evidence {
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  /**
   * A study's pack as HTML; that it was taken is logged first, so that the pack's own entry is its anchor. [O5] [O6]
   * @throws ChoraleError `PERMISSION_DENIED`, `STUDY_UNKNOWN`
   */
  async of(id: string, actor: Actor): Promise<string> {
    requirePermission(actor, 'oversee', 'an evidence pack');
    const { store, studies, retentionDays, now } = this.#options;
    const study = await studies.get(id);
    const { survey } = study.manifest;
    const audit = survey === undefined ? null : await auditSurveyInThread(survey);
    const at = new Date(now()).toISOString();
    const details = { manifest: study.hash };
    const own = await store.appendLog({ at, actor, action: 'evidence-exported', subject: id, details });
    const log = await this.#log(own.sequence);
    return evidencePack({
      study,
      audit,
      daysKept: daysKept(study, retentionDays),
      state: await studies.state(id),
      spent: await this.#spent(study),
      entries: log.filter((entry) => isAbout(entry, study.manifest)),
      check: await checkLog(log),
      at,
    });
  }

  /** The log up to an entry. */
  async #log(last: number): Promise<LogEntry[]> {
    const entries: LogEntry[] = [];
    for (let after = 0; after < last;) {
      const page = await this.#options.store.readLog({ after, limit: PAGE });
      if (page.length === 0) break;
      entries.push(...page);
      after = page.at(-1)!.sequence;
    }
    return entries.filter(({ sequence }) => sequence <= last);
  }

  async #spent(study: { manifest: Manifest; hash: string }): Promise<Guarantee[]> {
    const { training } = this.#options;
    if (study.manifest.training === undefined) return [];
    await training.start(study);
    return (await training.rounds(study.manifest.id)).rounds.at(-1)?.spent ?? [];
  }
}

/** Files of a series have the numbers of all its waves. */
function isAbout({ subject, action }: LogEntry, { id, series }: Manifest): boolean {
  return action === 'series-exported' ? subject === series : subject === id;
}
