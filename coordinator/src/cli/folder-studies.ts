import {
  ChoraleError,
  type Manifest,
  participationLimits,
  type SeriesExport,
  type StudyExport,
  type StudySummary,
  type SurveyResults,
} from '@chorale/protocol';
import { clippingNormOf, initialOptimizer } from '@chorale/training';
import { progressOf } from '../rounds/cadence.ts';
import { summarizeTraining } from '../rounds/round-summaries.ts';
import { SpentBudget } from '../rounds/spent-budget.ts';
import type { RoundLog } from '../rounds/verify-rounds.ts';
import type { Store } from '../storage/store.ts';
import { Invitations } from '../surveys/invitations.ts';
import { ReportService } from '../surveys/report-service.ts';
import { seriesExport, studyExport } from '../surveys/result-export.ts';
import { ResultsService } from '../surveys/results-service.ts';
import { SeriesService } from '../surveys/series-service.ts';
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
    return (await this.#services()).results.of(study);
  }

  async exportStudy(id: string): Promise<StudyExport> {
    const { study, results } = await (await this.#services()).results.withStudy(id);
    return studyExport(study, results, new Date());
  }

  async exportSeries(series: string): Promise<SeriesExport> {
    const { waves, results } = await new SeriesService(await this.#services()).withWaves(series);
    return seriesExport(waves, results, new Date());
  }

  async roundLog(study: string): Promise<RoundLog> {
    const { manifest, hash } = await this.#studies.get(study);
    const { training } = manifest;
    if (training === undefined) throw new ChoraleError('TRAINING_ABSENT', `study ${study} has no training`);
    const [records, latest] = await Promise.all([this.#store.readRounds(study), this.#store.latestModel(study)]);
    const trained = { manifest: { ...manifest, training }, hash };
    // Nobody waits where no server runs.
    const participations = await this.#store.readParticipations(study);
    const { atMost } = participationLimits(training);
    const now = {
      state: progressOf(records).committedRounds >= training.rounds ? ('done' as const) : ('waiting' as const),
      waiting: 0,
      usedUp: participations.filter(({ updates }) => updates >= atMost).length,
      clippingNorm: clippingNormOf(training, latest ?? { optimizer: initialOptimizer(training) }),
      invited: 0,
      accepted: 0,
      budget: new SpentBudget(training),
    };
    return {
      manifest: trained.manifest,
      rounds: summarizeTraining(trained, records, now),
      modelRound: latest?.modelRound ?? null,
    };
  }

  async put(manifest: Manifest): Promise<PutOutcome> {
    const { outcome, study } = await this.#studies.publish(manifest);
    return { study: study.manifest.id, manifest: study.hash, outcome };
  }

  async #services(): Promise<{ studies: StudyRegistry; reports: ReportService; results: ResultsService }> {
    const [store, studies] = [this.#store, this.#studies];
    const invitations = new Invitations(await store.secret('invitation', 32));
    const reports = new ReportService({ store, studies, invitations, now: Date.now });
    return { studies, reports, results: new ResultsService({ studies, reports }) };
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
