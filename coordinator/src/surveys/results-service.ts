import { ChoraleError, type SurveyResults } from '@chorale/protocol';
import type { ReportService } from './report-service.ts';
import { surveyResults } from './results.ts';
import { hasSurvey, type StudyRegistry, type SurveyStudy } from './study-registry.ts';

/** Results of all studies, computed again only when a block was published. */
export class ResultsService {
  readonly #studies: StudyRegistry;
  readonly #reports: ReportService;
  readonly #latest = new Map<string, { version: number; results: SurveyResults }>();

  constructor({ studies, reports }: { studies: StudyRegistry; reports: ReportService }) {
    this.#studies = studies;
    this.#reports = reports;
  }

  /** @throws ChoraleError `STUDY_UNKNOWN`, also for a study without a survey. */
  async of(id: string): Promise<SurveyResults> {
    return (await this.withStudy(id)).results;
  }

  /** The same, with the study that they are of. */
  async withStudy(id: string): Promise<{ study: SurveyStudy; results: SurveyResults }> {
    const study = await this.#studies.get(id);
    if (!hasSurvey(study)) throw new ChoraleError('STUDY_UNKNOWN', `study ${id} has no survey`);
    const tally = await this.#reports.tally(id);
    const { version, voices } = tally;
    const known = this.#latest.get(id);
    if (known?.version === version) return { study, results: { ...known.results, voices } };
    const results = surveyResults(study, tally);
    this.#latest.set(id, { version, results });
    return { study, results };
  }
}
