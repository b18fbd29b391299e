import { type LogActor, type LogContent, sha256Name } from '@chorale/protocol';
import type { Store } from '../storage/store.ts';
import { driversCsv, driversExport } from '../surveys/drivers-export.ts';
import type { DriversService } from '../surveys/drivers-service.ts';
import { seriesCsv, seriesExport, studyCsv, studyExport } from '../surveys/result-export.ts';
import type { ResultsService } from '../surveys/results-service.ts';
import type { SeriesService } from '../surveys/series-service.ts';

export const exportFormats = ['csv', 'json'] as const;
/** Which results, and in which form. */
export type ExportRequest = {
  kind: 'study' | 'drivers' | 'series';
  id: string;
  format: (typeof exportFormats)[number];
};

/** Results as they are now, as the text of a file that was made at some time. */
type Draft = { fileOf: (at: string) => string; details: LogContent['details'] };

type Options = {
  store: Pick<Store, 'recordExport'>;
  results: Pick<ResultsService, 'withStudy'>;
  drivers: Pick<DriversService, 'withStudy'>;
  series: Pick<SeriesService, 'withWaves'>;
  /** Milliseconds since 1970. */
  now: () => number;
};

/**
 * Results as files, each in the log before it is given out. Whoever asks again on the same day (UTC), while the numbers are
 * the same, gets the file of before: so what the log grows by is what was published, not how often somebody asked. [O7]
 */
export class Exports {
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  /**
   * @returns the file's text; the log has the SHA-256 of its UTF-8
   * @throws ChoraleError `STUDY_UNKNOWN`
   */
  async take(request: ExportRequest, actor: LogActor): Promise<string> {
    const { store, now } = this.#options;
    const { kind, id: subject, format } = request;
    const { fileOf, details } = await this.#draft(request);
    const at = new Date(now()).toISOString();
    const action = kind === 'series' ? 'series-exported' : 'study-exported';
    const file = fileOf(at);
    // The same for the same numbers, columns and form, whenever the file is made.
    const numbers = await sha256Name(fileOf(''));
    const hashes = { numbers, file: await sha256Name(file) };
    const entry = { at, actor, action, subject, details: { ...details, format, ...hashes } } as const;
    const logged = await store.recordExport(entry, dayOf(at));
    return logged.at === at ? file : fileOf(logged.at);
  }

  #draft(request: ExportRequest): Promise<Draft> {
    switch (request.kind) {
      case 'study':
        return this.#study(request);
      case 'drivers':
        return this.#drivers(request);
      case 'series':
        return this.#series(request);
    }
  }

  async #study({ id, format }: ExportRequest): Promise<Draft> {
    const { study, results } = await this.#options.results.withStudy(id);
    const fileOf = (at: string): string => {
      const exported = studyExport(study, results, at);
      return format === 'csv' ? studyCsv(exported) : jsonFile(exported);
    };
    return { fileOf, details: { manifest: study.hash } };
  }

  async #drivers({ id, format }: ExportRequest): Promise<Draft> {
    const { study, drivers } = await this.#options.drivers.withStudy(id);
    const fileOf = (at: string): string => {
      const exported = driversExport(study, drivers, at);
      return format === 'csv' ? driversCsv(exported) : jsonFile(exported);
    };
    return { fileOf, details: { manifest: study.hash, part: 'drivers' } };
  }

  async #series({ id, format }: ExportRequest): Promise<Draft> {
    const { waves, results } = await this.#options.series.withWaves(id);
    const fileOf = (at: string): string => {
      const exported = seriesExport(waves, results, at);
      return format === 'csv' ? seriesCsv(exported) : jsonFile(exported);
    };
    return { fileOf, details: { waves: waves.length } };
  }
}

function jsonFile(content: object): string {
  return `${JSON.stringify(content)}\n`;
}

/** The beginning of all times of one day. */
function dayOf(at: string): string {
  return at.slice(0, 'YYYY-MM-DD'.length);
}
