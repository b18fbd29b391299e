import type { SeriesExport, SeriesResults, SeriesSummary, StudyExport, SurveyResults } from '@chorale/protocol';
import * as v from 'valibot';

const Text = v.string();
export const Count = v.pipe(v.number(), v.integer(), v.minValue(0));
const Group = v.nullable(Text);
export const ReportKind = v.picklist(['favourable', 'distribution', 'mean', 'enps']);
export const SuppressionReason = v.picklist(['too-few', 'too-uncertain', 'too-similar']);
const Range = v.tuple([v.number(), v.number()]);

const estimate = { id: Text, label: Text, value: v.number(), lower: v.number(), upper: v.number() };

const ResultCell = v.variant('state', [
  v.object({
    state: v.literal('published'),
    group: Group,
    respondents: Count,
    estimates: v.array(v.object(estimate)),
    shrunken: v.nullable(v.array(v.object({ ...estimate, weight: v.number() }))),
    effectiveRespondents: v.number(),
  }),
  v.object({
    state: v.literal('suppressed'),
    group: Group,
    reason: SuppressionReason,
  }),
]);

const GroupSpread = v.object({
  estimate: Text,
  mean: v.number(),
  betweenStddev: v.number(),
  pValue: v.number(),
  distinguishable: v.boolean(),
});

const ShownBenchmark = v.object({ estimate: Text, value: v.number(), source: Text, year: v.number() });

const QuestionResult = v.object({
  question: Text,
  text: Text,
  report: ReportKind,
  range: Range,
  mechanism: Text,
  epsilon: v.number(),
  realizedEpsilon: v.number(),
  cells: v.array(ResultCell),
  spread: v.array(GroupSpread),
  benchmarks: v.array(ShownBenchmark),
});

const Participation = v.object({
  group: Group,
  participants: Count,
  headcount: v.nullable(Count),
  rate: v.nullable(v.object({ lower: v.number(), upper: v.number() })),
});

const Groups = v.object({
  attribute: Text,
  label: Text,
  values: v.array(v.object({ id: Text, label: Text, headcount: v.optional(Count) })),
});

export const Results = v.object({
  study: Text,
  manifest: Text,
  title: Text,
  simulated: v.boolean(),
  series: v.nullable(Text),
  voices: Count,
  epsilon: v.number(),
  realizedEpsilon: v.number(),
  confidence: v.number(),
  minimumGroupSize: Count,
  groups: Groups,
  participation: v.array(Participation),
  questions: v.array(QuestionResult),
}) satisfies v.GenericSchema<SurveyResults>;

const SeriesWave = v.object({
  study: Text,
  manifest: Text,
  title: Text,
  simulated: v.boolean(),
  publishedAt: Text,
  voices: Count,
});

const SeriesResultsWave = v.object({ ...SeriesWave.entries, participation: v.array(Participation) });

export const SeriesSummaries = v.array(
  v.object({ series: Text, waves: v.array(SeriesWave) }),
) satisfies v.GenericSchema<SeriesSummary[]>;

const EstimateChange = v.object({
  id: Text,
  label: Text,
  change: v.number(),
  lower: v.number(),
  upper: v.number(),
  pValue: v.number(),
  adjustedPValue: v.number(),
  significant: v.boolean(),
});

const WaveCell = v.object({
  study: Text,
  question: Text,
  cell: ResultCell,
  change: v.nullable(v.object({ since: Text, estimates: v.array(EstimateChange) })),
});

export const Series = v.object({
  series: Text,
  confidence: v.number(),
  minimumGroupSize: Count,
  groups: Groups,
  waves: v.array(SeriesResultsWave),
  questions: v.array(
    v.object({
      identity: Text,
      text: Text,
      report: ReportKind,
      range: Range,
      unit: v.nullable(Text),
      benchmarks: v.array(ShownBenchmark),
      groups: v.array(v.object({ group: Group, waves: v.array(WaveCell) })),
    }),
  ),
}) satisfies v.GenericSchema<SeriesResults>;

export const ExportStamp = v.object({
  study: Text,
  manifest: Text,
  title: Text,
  simulated: v.boolean(),
  privacyUnit: v.picklist(['employee', 'site']),
  neighboringRelation: v.literal('replace-one'),
  epsilon: v.number(),
  delta: v.number(),
  realizedEpsilon: v.number(),
  minimumGroupSize: Count,
  confidence: v.number(),
  exportedAt: Text,
});

export const StudyExportAnswer = v.object({
  format: v.literal('chorale-results'),
  stamp: ExportStamp,
  results: v.omit(Results, ['voices']),
}) satisfies v.GenericSchema<StudyExport>;

export const SeriesExportAnswer = v.object({
  format: v.literal('chorale-series'),
  stamps: v.array(ExportStamp),
  results: v.object({ ...Series.entries, waves: v.array(v.omit(SeriesResultsWave, ['voices'])) }),
}) satisfies v.GenericSchema<SeriesExport>;
