import type { Guarantee, SurveyResults } from './results.ts';
import type { SeriesResults, SeriesResultsWave } from './series.ts';

/** Results as they are in files: the released numbers, without the live count of voices. */
export type ExportedResults = Omit<SurveyResults, 'voices'>;
export type ExportedSeries = Omit<SeriesResults, 'waves'> & { waves: Omit<SeriesResultsWave, 'voices'>[] };

/** What every exported number has beside it: whose it is, at what privacy, and when it was taken. */
export type ExportStamp = Guarantee & {
  study: string;
  /** Identity of the manifest. */
  manifest: string;
  title: string;
  simulated: boolean;
  /** Privacy loss at the integer probabilities that devices use; at most `epsilon`. */
  realizedEpsilon: number;
  minimumGroupSize: number;
  confidence: number;
  /** When the file was made, in UTC (RFC 3339); the log has an entry of that moment with its hash. [O7] */
  exportedAt: string;
};

/** Body of `GET /api/v1/studies/:id/export.json`. */
export type StudyExport = { format: 'chorale-results'; stamp: ExportStamp; results: ExportedResults };

/** Body of `GET /api/v1/series/:id/export.json`; one stamp a wave. */
export type SeriesExport = { format: 'chorale-series'; stamps: ExportStamp[]; results: ExportedSeries };
