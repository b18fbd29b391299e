import { ChoraleError, type SeriesResults, type SeriesSummary } from '@chorale/protocol';
import type { ReportService } from './report-service.ts';
import { seriesResults, summarizeWave } from './series-results.ts';
import { hasSurvey, type StudyRegistry, type SurveyStudy } from './study-registry.ts';

/** Results of all series, computed again only when a block of a wave was published. */
export class SeriesService {
  readonly #studies: StudyRegistry;
  readonly #reports: ReportService;
  readonly #latest = new Map<string, { versions: string; results: SeriesResults }>();

  constructor({ studies, reports }: { studies: StudyRegistry; reports: ReportService }) {
    this.#studies = studies;
    this.#reports = reports;
  }

  /** All series in the order of their first waves. */
  async list(): Promise<SeriesSummary[]> {
    const waves = Map.groupBy(await this.#waves(), ({ manifest }) => manifest.series!);
    return Promise.all(
      [...waves].map(async ([series, studies]) => {
        const tally = await this.#reports.seriesTally(series);
        return { series, waves: studies.map((study) => summarizeWave(study, tally.wave(study).voices)) };
      }),
    );
  }

  /** @throws ChoraleError `STUDY_UNKNOWN` for a series without a wave */
  async of(series: string): Promise<SeriesResults> {
    return (await this.withWaves(series)).results;
  }

  /** The same, with the studies that are its waves. */
  async withWaves(series: string): Promise<{ waves: SurveyStudy[]; results: SeriesResults }> {
    const waves = (await this.#waves()).filter(({ manifest }) => manifest.series === series);
    if (waves.length === 0) throw new ChoraleError('STUDY_UNKNOWN', 'this coordinator has no such series');
    const tally = await this.#reports.seriesTally(series);
    const versions = waves.map((study) => tally.wave(study).version).join();
    const known = this.#latest.get(series);
    if (known?.versions === versions) {
      const live = known.results.waves.map((wave, index) => ({ ...wave, voices: tally.wave(waves[index]!).voices }));
      return { waves, results: { ...known.results, waves: live } };
    }
    const results = seriesResults(series, waves, tally);
    this.#latest.set(series, { versions, results });
    return { waves, results };
  }

  async #waves(): Promise<SurveyStudy[]> {
    return (await this.#studies.list()).filter(hasSurvey).filter(({ manifest }) => manifest.series !== undefined);
  }
}
