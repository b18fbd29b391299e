import { setImmediate as turn } from 'node:timers/promises';
import { ChoraleError, type QuestionResult, type SurveyResults } from '@chorale/protocol';
import type { ReleaseLog } from '../oversight/release-log.ts';
import type { ReportService } from './report-service.ts';
import type { ImportedBenchmarks } from './imported-benchmarks.ts';
import { benchmarksOf, questionResult, surveyResults } from './results.ts';
import { hasSurvey, type StudyRegistry, type SurveyStudy } from './study-registry.ts';
import type { PublishedPairs } from './study-tally.ts';

/** A study, what is published of it, and the counts that this was made of. */
export type StudyResults = {
  study: SurveyStudy;
  results: SurveyResults;
  /** Letters by question and group; `null` is all groups together. */
  counts: (question: string, group: string | null) => readonly number[];
  /** Answers of the same people to two questions, over all groups; `null` where they are not looked at together. */
  pairs: PublishedPairs | null;
};

/** A question at one moment. */
type Moment = { version: number; result: QuestionResult; counts: Map<string | null, readonly number[]> };

/**
 * Results of all studies; a question's are computed again only when a block of it was published,
 * and all are given out once that is logged.
 */
export class ResultsService {
  readonly #studies: StudyRegistry;
  readonly #reports: ReportService;
  readonly #releases: ReleaseLog;
  readonly #benchmarks: Pick<ImportedBenchmarks, 'of'>;
  readonly #latest = new Map<string, Map<string, Moment>>();
  readonly #running = new Map<string, Promise<unknown>>();

  constructor(options: {
    studies: StudyRegistry;
    reports: ReportService;
    releases: ReleaseLog;
    benchmarks: Pick<ImportedBenchmarks, 'of'>;
  }) {
    this.#studies = options.studies;
    this.#reports = options.reports;
    this.#releases = options.releases;
    this.#benchmarks = options.benchmarks;
  }

  /** @throws ChoraleError `STUDY_UNKNOWN`, also for a study without a survey. */
  async of(id: string): Promise<SurveyResults> {
    return (await this.withStudy(id)).results;
  }

  /** The same, with the study that they are of. */
  async withStudy(id: string): Promise<StudyResults> {
    const study = await this.#studies.get(id);
    if (!hasSurvey(study)) throw new ChoraleError('STUDY_UNKNOWN', `study ${id} has no survey`);
    // One at a time, else many who ask at once would all compute the same.
    const compute = () => this.#compute(study);
    const running = (this.#running.get(id) ?? Promise.resolve()).then(compute, compute);
    this.#running.set(id, running);
    return running;
  }

  async #compute(study: SurveyStudy): Promise<StudyResults> {
    const { id } = study.manifest;
    const tally = await this.#reports.tally(id);
    await this.#releases.note({ id, hash: study.hash, isClosed: await this.#studies.isClosed(id) }, tally);
    const latest = this.#latest.get(id) ?? new Map<string, Moment>();
    this.#latest.set(id, latest);
    for (const [question, spec] of study.channels.byQuestion) {
      if (latest.get(question)?.version === tally.version(question)) continue;
      // Tables of many groups take a while: others get their turn in between.
      await turn();
      const result = questionResult(study, spec, tally);
      const counts = new Map(result.cells.map(({ group }) => [group, tally.published(question, group).counts]));
      latest.set(question, { version: tally.version(question), result, counts });
    }
    const moments = new Map(latest);
    const imported = await this.#benchmarks.of(id);
    const questions = [...study.channels.byQuestion].map(([question, spec]) => {
      const { result } = moments.get(question)!;
      return { ...result, benchmarks: [...result.benchmarks, ...benchmarksOf(spec.question, imported)] };
    });
    return {
      study,
      results: surveyResults(study, tally, questions),
      counts: (question, group) => moments.get(question)!.counts.get(group)!,
      pairs: tally.pairs,
    };
  }
}
