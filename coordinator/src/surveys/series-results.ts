import { createHash } from 'node:crypto';
import {
  type EstimateChange,
  estimateRange,
  type Manifest,
  type QuestionChannel,
  questionIdentity,
  type SeriesQuestion,
  type SeriesResults,
  type SeriesWave,
  type WaveCell,
} from '@chorale/protocol';
import { CONFIDENCE } from './estimates.ts';
import { surveyResults } from './results.ts';
import type { SeriesTally } from './series-tally.ts';
import type { SurveyStudy } from './study-registry.ts';
import { waveComparisons, type WaveCounts, withHolm } from './wave-changes.ts';

/** One question of one wave, in one group, before it is compared. */
type Point = WaveCell & WaveCounts;
type Row = { group: string | null; points: Point[] };
type Table = { identity: string; latest: QuestionChannel; rows: Row[] };

/**
 * What may be said of a series: of each question and group the waves' estimates, and how they changed. [E8]
 * @param waves in the order of their publication, at least one
 */
export function seriesResults(series: string, waves: readonly SurveyStudy[], tally: SeriesTally): SeriesResults {
  const groups = seriesGroups(waves);
  const tables = seriesTables(waves, { tally, groups: [null, ...groups.values.map(({ id }) => id)] });
  const changes = allChanges(tables);
  return {
    series,
    confidence: CONFIDENCE,
    minimumGroupSize: Math.max(...waves.map(({ manifest }) => manifest.publishing.minimumGroupSize)),
    groups,
    waves: waves.map((study) => summarizeWave(study, tally.wave(study).voices)),
    questions: tables.map(({ identity, latest, rows }): SeriesQuestion => {
      const { text, report } = latest.question;
      return {
        identity,
        text,
        report,
        range: estimateRange(latest.question),
        groups: rows.map(({ group, points }) => ({
          group,
          waves: points.map((point) => ({
            study: point.study,
            question: point.question,
            cell: point.cell,
            change: changes.get(point) ?? null,
          })),
        })),
      };
    }),
  };
}

export function summarizeWave({ manifest, hash, publishedAt }: SurveyStudy, voices: number): SeriesWave {
  const { id, title, simulated } = manifest;
  return { study: id, manifest: hash, title, simulated, publishedAt, voices };
}

/** Groups by their id, in the order in which waves named them first. */
function seriesGroups(waves: readonly SurveyStudy[]): Manifest['groups'] {
  const values = new Map(waves.flatMap(({ manifest }) => manifest.groups.values.map((group) => [group.id, group])));
  return { ...waves.at(-1)!.manifest.groups, values: [...values.values()] };
}

/** Questions by what makes them the same, in the order in which waves asked them first. */
function seriesTables(
  waves: readonly SurveyStudy[],
  { tally, groups }: { tally: SeriesTally; groups: readonly (string | null)[] },
): Table[] {
  const tables = new Map<string, Table>();
  for (const study of waves) {
    const counted = tally.wave(study);
    const { questions } = surveyResults(study, counted);
    for (const { question: id, cells } of questions) {
      const spec = study.channels.byQuestion.get(id)!;
      const identity = identityOf(spec);
      const table = tables.get(identity) ?? {
        identity,
        latest: spec,
        rows: groups.map((group) => ({ group, points: [] })),
      };
      tables.set(identity, { ...table, latest: spec });
      for (const cell of cells) {
        const { counts } = counted.published(id, cell.group);
        const row = table.rows.find(({ group }) => group === cell.group)!;
        row.points.push({ study: study.manifest.id, question: id, cell, change: null, spec, counts });
      }
    }
  }
  return [...tables.values()];
}

function identityOf({ question }: QuestionChannel): string {
  const hash = createHash('sha256').update(JSON.stringify(questionIdentity(question)));
  return `sha256-${hash.digest('base64')}`;
}

/**
 * Of each point that shows numbers the change since the one before it that does. Adjusted over all comparisons that
 * end in one wave, so that a later wave changes nothing that was said of an earlier one.
 */
function allChanges(tables: readonly Table[]): Map<Point, NonNullable<WaveCell['change']>> {
  const pairs = tables.flatMap(({ rows }) =>
    rows.flatMap(({ points }) => {
      const shown = points.filter(({ cell }) => cell.state === 'published');
      return shown.slice(1).map((later, index) => ({ earlier: shown[index]!, later }));
    }),
  );
  const compared = pairs.map((pair) => ({ ...pair, comparisons: waveComparisons(pair.earlier, pair.later) }));
  const changes = new Map<Point, NonNullable<WaveCell['change']>>();
  for (const family of Map.groupBy(compared, ({ later }) => later.study).values()) {
    const adjusted: EstimateChange[] = withHolm(family.flatMap(({ comparisons }) => comparisons));
    for (const { earlier, later, comparisons } of family) {
      changes.set(later, { since: earlier.study, estimates: adjusted.splice(0, comparisons.length) });
    }
  }
  return changes;
}
