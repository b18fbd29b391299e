import type { Manifest } from './manifest.ts';
import type { Participation, ResultCell, ShownBenchmark } from './results.ts';

/** One wave of a series, in the order of publication. */
export type SeriesWave = {
  study: string;
  manifest: string;
  title: string;
  simulated: boolean;
  publishedAt: string;
  /** Reports received so far: live. */
  voices: number;
};

/** A wave in its series' results, with how many of each group took part in it. [E6] */
export type SeriesResultsWave = SeriesWave & { participation: Participation[] };

/** One series in `GET /api/v1/series`. */
export type SeriesSummary = { series: string; waves: SeriesWave[] };

/** How one estimate changed from an earlier wave to a later one. */
export type EstimateChange = {
  /** `id` of the estimate, in both waves. */
  id: string;
  label: string;
  /** The later value less the earlier one, before either is limited to what can be true. */
  change: number;
  lower: number;
  upper: number;
  /** Of this comparison alone. */
  pValue: number;
  /** After all comparisons that end in the same wave, over questions, groups and estimates (Holm). */
  adjustedPValue: number;
  /** Whether `adjustedPValue` is at most 1 - confidence. */
  significant: boolean;
};

/** What one wave says of a question in a group, and how that differs from the last wave before it that had numbers. */
export type WaveCell = {
  /** Id of the wave's study, and of the question in it. */
  study: string;
  question: string;
  cell: ResultCell;
  /** `null` where this wave or all before it show no number. */
  change: { since: string; estimates: EstimateChange[] } | null;
};

/** One question over the waves that ask it. */
export type SeriesQuestion = {
  /** `sha256-` and the base64 of what makes it the same question: its words, its answers and what they count as. */
  identity: string;
  text: string;
  report: 'favourable' | 'distribution' | 'mean' | 'enps';
  range: [number, number];
  /** What a number counts, such as EUR; `null` for shares, scores and where it has no name. */
  unit: string | null;
  /** Of all waves; where several have a number of one source and year, the latest wave's. */
  benchmarks: ShownBenchmark[];
  /** By group, all together (`null`) first; of each the waves that ask the question and have the group. */
  groups: { group: string | null; waves: WaveCell[] }[];
};

/** Body of `GET /api/v1/series/:id`. */
export type SeriesResults = {
  series: string;
  confidence: number;
  minimumGroupSize: number;
  /** Groups of all waves, each as the latest wave that has it calls it. */
  groups: Manifest['groups'];
  waves: SeriesResultsWave[];
  questions: SeriesQuestion[];
};
