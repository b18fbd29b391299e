import type { Manifest, StudySummary, SurveyResults } from '@chorale/protocol';
import type { Store } from '../storage/store.ts';
import { Invitations } from '../surveys/invitations.ts';
import { ReportService } from '../surveys/report-service.ts';
import { ResultsService } from '../surveys/results-service.ts';
import { StudyRegistry } from '../surveys/study-registry.ts';
import { summarizeStudy } from '../surveys/study-summary.ts';
import type { PutOutcome, StudySource } from './study-source.ts';

/** Studies of a data folder that no server holds. */
export class FolderStudies implements StudySource {
  readonly #store: Store;
  readonly #studies: StudyRegistry;

  constructor(store: Store) {
    this.#store = store;
    this.#studies = new StudyRegistry({ store, now: Date.now });
  }

  async list(): Promise<StudySummary[]> {
    const studies = await this.#studies.list();
    return Promise.all(studies.map((study) => summarizeStudy(study, this.#store)));
  }

  async results(study: string): Promise<SurveyResults> {
    const [store, studies] = [this.#store, this.#studies];
    const invitations = new Invitations(await store.secret('invitation', 32));
    const reports = new ReportService({ store, studies, invitations, now: Date.now });
    return new ResultsService({ studies, reports }).of(study);
  }

  async put(manifest: Manifest): Promise<PutOutcome> {
    const { outcome, study } = await this.#studies.publish(manifest);
    return { study: study.manifest.id, manifest: study.hash, outcome };
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
