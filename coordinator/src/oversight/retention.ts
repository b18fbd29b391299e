import type { Log } from '../rounds/round-history.ts';
import type { Store } from '../storage/store.ts';
import type { PublishedStudy, StudyRegistry } from '../surveys/study-registry.ts';
import { type Endings, isPurgeable } from './endings.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** Between two looks at what is due. */
const LOOK_MS = 60 * 60 * 1000;

type Options = {
  store: Pick<Store, 'listStudyEnds'>;
  studies: Pick<StudyRegistry, 'get'>;
  endings: Pick<Endings, 'purge'>;
  /** The operator's bound on all studies, in whole days after their end; `null` for none. */
  days: number | null;
  /** Milliseconds since 1970. */
  now: () => number;
  log: Log;
};

/**
 * Whole days that raw reports are kept after their study was closed: what its manifest promises, or less where the operator
 * says so; `null` until somebody deletes them. [O4]
 */
export function daysKept(study: PublishedStudy, operatorDays: number | null): number | null {
  if (!isPurgeable(study)) return null;
  const promised = study.manifest.retention?.reportDays ?? null;
  if (promised === null || operatorDays === null) return promised ?? operatorDays;
  return Math.min(promised, operatorDays);
}

/** Deletes the raw reports of closed studies when their time is over. Several nodes may do so: one of them does it. [O4] */
export class Retention {
  readonly #options: Options;
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> = Promise.resolve();

  constructor(options: Options) {
    this.#options = options;
  }

  /** Looks now and every hour from here on; resolves after the first look. */
  async start(): Promise<void> {
    this.#timer = setInterval(() => void this.#look(), LOOK_MS).unref();
    await this.#look();
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#looking;
  }

  #look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#purgeDue());
    return this.#looking;
  }

  async #purgeDue(): Promise<void> {
    const { store, studies, endings, days, now, log } = this.#options;
    try {
      for (const { study, closedAt, purged } of await store.listStudyEnds()) {
        if (purged !== null) continue;
        const kept = daysKept(await studies.get(study), days);
        if (kept === null || Date.parse(closedAt) + kept * DAY_MS > now()) continue;
        await endings.purge(study, { type: 'coordinator' });
      }
    } catch (err) {
      // The next look tries again.
      log.error({ err }, 'reports that are due for deletion could not be deleted');
    }
  }
}
