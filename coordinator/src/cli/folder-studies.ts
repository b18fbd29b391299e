import {
  ChoraleError,
  type LogEntry,
  type Manifest,
  type Person,
  type Role,
  type StudySummary,
  type SurveyResults,
} from '@chorale/protocol';
import { Endings } from '../oversight/endings.ts';
import { type ExportRequest, Exports } from '../oversight/exports.ts';
import { People } from '../oversight/people.ts';
import { ReleaseLog } from '../oversight/release-log.ts';
import { storedRounds } from '../rounds/stored-rounds.ts';
import type { RoundLog } from '../rounds/verify-rounds.ts';
import type { Store } from '../storage/store.ts';
import { DriversService } from '../surveys/drivers-service.ts';
import { ImportedBenchmarks } from '../surveys/imported-benchmarks.ts';
import { Invitations } from '../surveys/invitations.ts';
import { ReportService } from '../surveys/report-service.ts';
import { ResultsService } from '../surveys/results-service.ts';
import { SeriesService } from '../surveys/series-service.ts';
import { StudyRegistry } from '../surveys/study-registry.ts';
import { summarizeStudy } from '../surveys/study-summary.ts';
import type { PutOutcome, StudySource } from './study-source.ts';

/** Whoever may write into the data folder. */
const OPERATOR = { type: 'operator' } as const;

/** Studies of a data folder that no server holds. */
export class FolderStudies implements StudySource {
  readonly readsLog = true;
  readonly #store: Store;
  readonly #studies: StudyRegistry;
  readonly #people: People;

  constructor(store: Store, { requireApproval }: { requireApproval: boolean }) {
    this.#store = store;
    this.#studies = new StudyRegistry({ store, now: Date.now, requireApproval });
    this.#people = new People({ store, now: Date.now });
  }

  async list(): Promise<StudySummary[]> {
    const studies = await this.#studies.list();
    return Promise.all(studies.map((study) => summarizeStudy(study, { store: this.#store, studies: this.#studies })));
  }

  async results(study: string): Promise<SurveyResults> {
    return (await this.#counting()).results.of(study);
  }

  async export(request: ExportRequest): Promise<string> {
    const counting = await this.#counting();
    const series = new SeriesService(counting);
    const drivers = new DriversService(counting);
    return new Exports({ store: this.#store, now: Date.now, drivers, series, ...counting }).take(request, OPERATOR);
  }

  async roundLog(study: string): Promise<RoundLog> {
    const { manifest, hash } = await this.#studies.get(study);
    const { training } = manifest;
    if (training === undefined) throw new ChoraleError('TRAINING_ABSENT', `study ${study} has no training`);
    const trained = { ...manifest, training };
    const [rounds, latest] = await Promise.all([
      storedRounds({ manifest: trained, hash }, this.#store),
      this.#store.latestModel(study),
    ]);
    return { manifest: trained, rounds, modelRound: latest?.modelRound ?? null };
  }

  async put(manifest: Manifest): Promise<PutOutcome> {
    const { outcome, study } = await this.#studies.publish(manifest, OPERATOR);
    return { study: study.manifest.id, manifest: study.hash, outcome };
  }

  addPerson(person: { name: string; role: Role }): Promise<{ token: string }> {
    return this.#people.add(person, OPERATOR);
  }

  removePerson(name: string): Promise<void> {
    return this.#people.remove(name, OPERATOR);
  }

  listPersons(): Promise<Person[]> {
    return this.#people.list();
  }

  readLog(page: { after: number; limit: number }): Promise<LogEntry[]> {
    return this.#store.readLog(page);
  }

  async closeStudy(study: string): Promise<void> {
    await (await this.#endings()).close(study, OPERATOR);
  }

  async purgeStudy(study: string): Promise<void> {
    await (await this.#endings()).purge(study, OPERATOR);
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  async #counting(): Promise<{ studies: StudyRegistry; reports: ReportService; results: ResultsService }> {
    const [store, studies] = [this.#store, this.#studies];
    const invitations = new Invitations(await store.secret('invitation', 32));
    const reports = new ReportService({ store, studies, invitations, now: Date.now });
    const benchmarks = new ImportedBenchmarks({ store, studies, now: Date.now });
    const releases = new ReleaseLog({ store, now: Date.now });
    return { studies, reports, results: new ResultsService({ studies, reports, releases, benchmarks }) };
  }

  async #endings(): Promise<Endings> {
    // No rounds are run here.
    const training = { close: async () => {} };
    return new Endings({ store: this.#store, training, now: Date.now, ...(await this.#counting()) });
  }
}
