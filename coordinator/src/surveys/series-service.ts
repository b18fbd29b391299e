import { setImmediate as turn } from 'node:timers/promises';
import { ChoraleError, type SeriesResults, type SeriesSummary } from '@chorale/protocol';
import type { ReportService } from './report-service.ts';
import type { ResultsService } from './results-service.ts';
import { type Compare, seriesResults, summarizeWave, type WavePoint } from './series-results.ts';
import { hasSurvey, type StudyRegistry, type SurveyStudy } from './study-registry.ts';
import { type Comparison, waveComparisons } from './wave-changes.ts';

type Services = { studies: StudyRegistry; reports: ReportService; results: ResultsService };
type SeriesAnswer = { waves: SurveyStudy[]; results: SeriesResults };

/** Results of all series; two waves are compared again only when a block of either was published. */
export class SeriesService {
  readonly #services: Services;
  /** By series, the comparisons of the latest results. */
  readonly #latest = new Map<string, Map<string, Comparison[]>>();
  readonly #running = new Map<string, Promise<unknown>>();

  constructor(services: Services) {
    this.#services = services;
  }

  /** All series in the order of their first waves. */
  async list(): Promise<SeriesSummary[]> {
    const waves = Map.groupBy(await this.#waves(), ({ manifest }) => manifest.series!);
    return Promise.all(
      [...waves].map(async ([series, studies]) => {
        const tally = await this.#services.reports.seriesTally(series);
        return { series, waves: studies.map((study) => summarizeWave(study, tally.wave(study).voices)) };
      }),
    );
  }

  /** @throws ChoraleError `STUDY_UNKNOWN` for a series without a wave */
  async of(series: string): Promise<SeriesResults> {
    return (await this.withWaves(series)).results;
  }

  /** The same, with the studies that are its waves. */
  async withWaves(series: string): Promise<SeriesAnswer> {
    // One at a time, else many who ask at once would all compute the same.
    const compute = () => this.#compute(series);
    const running = (this.#running.get(series) ?? Promise.resolve()).then(compute, compute);
    this.#running.set(series, running);
    return running;
  }

  async #compute(series: string): Promise<SeriesAnswer> {
    const studies = (await this.#waves()).filter(({ manifest }) => manifest.series === series);
    if (studies.length === 0) throw new ChoraleError('STUDY_UNKNOWN', 'this coordinator has no such series');
    const waves = await Promise.all(studies.map(({ manifest }) => this.#services.results.withStudy(manifest.id)));
    const known = this.#latest.get(series);
    const used = new Map<string, Comparison[]>();
    const compare: Compare = async (earlier, later) => {
      const key = JSON.stringify([earlier, later].map(keyOf));
      // It takes a while: others get their turn in between.
      if (known?.has(key) !== true) await turn();
      const comparisons = known?.get(key) ?? waveComparisons(earlier, later);
      used.set(key, comparisons);
      return comparisons;
    };
    const results = await seriesResults(series, waves, compare);
    this.#latest.set(series, used);
    return { waves: studies, results };
  }

  async #waves(): Promise<SurveyStudy[]> {
    const studies = await this.#services.studies.list();
    return studies.filter(hasSurvey).filter(({ manifest }) => manifest.series !== undefined);
  }
}

/** Blocks never change, so how many are published says which. */
function keyOf({ study, question, group, counts }: WavePoint): unknown[] {
  return [study, question, group, counts.reduce((sum, count) => sum + count, 0)];
}
