import type { SurveyResults } from '@chorale/protocol';
import type { ReleaseLog } from '../oversight/release-log.ts';
import type { ReportService } from './report-service.ts';
import { surveyResults } from './results.ts';
import type { PublishedStudy, StudyRegistry } from './study-registry.ts';

/** Results of all studies, computed again only when a block was published, and given out once that is logged. */
export class ResultsService {
  readonly #studies: StudyRegistry;
  readonly #reports: ReportService;
  readonly #releases: ReleaseLog;
  readonly #latest = new Map<string, { version: number; results: SurveyResults }>();

  constructor(options: { studies: StudyRegistry; reports: ReportService; releases: ReleaseLog }) {
    this.#studies = options.studies;
    this.#reports = options.reports;
    this.#releases = options.releases;
  }

  /** @throws ChoraleError `STUDY_UNKNOWN`, also for a study without a survey. */
  async of(id: string): Promise<SurveyResults> {
    const study = await this.#studies.get(id);
    const tally = await this.#reports.tally(id);
    const { version, voices } = tally;
    await this.#releases.note({ id, hash: study.hash, isClosed: await this.#studies.isClosed(id) }, tally);
    const known = this.#latest.get(id);
    if (known?.version === version) return { ...known.results, voices };
    const results = surveyResults(withSurvey(study), tally);
    this.#latest.set(id, { version, results });
    return results;
  }
}

function withSurvey(study: PublishedStudy): Parameters<typeof surveyResults>[0] {
  if (study.channels === null) throw new TypeError('study must have a survey');
  return { ...study, channels: study.channels };
}
