import type { SurveyResults } from '@chorale/protocol';
import type { ReportService } from './report-service.ts';
import { surveyResults } from './results.ts';
import type { PublishedStudy, StudyRegistry, SurveyStudy } from './study-registry.ts';

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
    const study = await this.#studies.get(id);
    const tally = await this.#reports.tally(id);
    const { version, voices } = tally;
    const known = this.#latest.get(id);
    if (known?.version === version) return { ...known.results, voices };
    const results = surveyResults(withSurvey(study), tally);
    this.#latest.set(id, { version, results });
    return results;
  }
}

function withSurvey(study: PublishedStudy): SurveyStudy {
  if (study.channels === null) throw new TypeError('study must have a survey');
  return { ...study, channels: study.channels };
}
