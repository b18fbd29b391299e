import { createHash } from 'node:crypto';
import {
  estimateRange,
  type Manifest,
  type QuestionChannel,
  questionIdentity,
  type SeriesQuestion,
  type SeriesResults,
  type SeriesWave,
  type ShownBenchmark,
  type WaveCell,
} from '@chorale/protocol';
import { CONFIDENCE } from './estimates.ts';
import type { StudyResults } from './results-service.ts';
import type { SurveyStudy } from './study-registry.ts';
import { type Comparison, type WaveCounts, withHolm } from './wave-changes.ts';

/** What two waves of the same question and group say together. */
export type Compare = (earlier: WavePoint, later: WavePoint) => Promise<Comparison[]>;

/** One question of one wave, in one group, before it is compared. */
export type WavePoint = Omit<WaveCell, 'change'> & WaveCounts & { group: string | null };
type Row = { group: string | null; points: WavePoint[] };
type Table = { identity: string; latest: QuestionChannel; benchmarks: ShownBenchmark[]; rows: Row[] };

/**
 * What may be said of a series: of each question and group the waves' estimates, and how they changed. [E8]
 * @param waves in the order of their publication, at least one
 */
export async function seriesResults(
  series: string,
  waves: readonly StudyResults[],
  compare: Compare,
): Promise<SeriesResults> {
  const groups = seriesGroups(waves);
  const tables = seriesTables(waves, [null, ...groups.values.map(({ id }) => id)]);
  const changes = await allChanges(tables, compare);
  return {
    series,
    confidence: CONFIDENCE,
    minimumGroupSize: Math.max(...waves.map(({ results }) => results.minimumGroupSize)),
    groups,
    waves: waves.map(({ study, results: { voices, participation } }) => {
      return { ...summarizeWave(study, voices), participation };
    }),
    questions: tables.map(({ identity, latest, benchmarks, rows }): SeriesQuestion => {
      const { text, report } = latest.question;
      const unit = latest.question.type === 'number' ? (latest.question.unit ?? null) : null;
      return {
        identity,
        text,
        report,
        range: estimateRange(latest.question),
        unit,
        benchmarks,
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
function seriesGroups(waves: readonly StudyResults[]): Manifest['groups'] {
  const all = waves.map(({ study }) => study.manifest.groups);
  const values = new Map(all.flatMap((groups) => groups.values.map((group) => [group.id, group])));
  return { ...all.at(-1)!, values: [...values.values()] };
}

/** Questions by what makes them the same, in the order in which waves asked them first. */
function seriesTables(waves: readonly StudyResults[], groups: readonly (string | null)[]): Table[] {
  const tables = new Map<string, Table>();
  for (const { study, results, counts } of waves) {
    for (const { question, cells, benchmarks: own } of results.questions) {
      const spec = study.channels.byQuestion.get(question)!;
      const identity = identityOf(spec);
      const known = tables.get(identity);
      const rows = known?.rows ?? groups.map((group): Row => ({ group, points: [] }));
      const benchmarks = latestOfEach([...(known?.benchmarks ?? []), ...own]);
      tables.set(identity, { identity, latest: spec, benchmarks, rows });
      for (const cell of cells) {
        const { group } = cell;
        const { points } = rows.find((row) => row.group === group)!;
        points.push({ study: study.manifest.id, question, group, cell, spec, counts: counts(question, group) });
      }
    }
  }
  return [...tables.values()];
}

/** Of each source and year the latest number, where waves before it had another. */
function latestOfEach(benchmarks: readonly ShownBenchmark[]): ShownBenchmark[] {
  const bySource = benchmarks.map((one) => [JSON.stringify([one.estimate, one.source, one.year]), one] as const);
  return [...new Map(bySource).values()];
}

function identityOf({ question }: QuestionChannel): string {
  const hash = createHash('sha256').update(JSON.stringify(questionIdentity(question)));
  return `sha256-${hash.digest('base64')}`;
}

/**
 * Of each point that shows numbers the change since the one before it that does. Adjusted over all comparisons that
 * end in one wave, so that a later wave changes nothing that was said of an earlier one.
 */
async function allChanges(
  tables: readonly Table[],
  compare: Compare,
): Promise<Map<WavePoint, NonNullable<WaveCell['change']>>> {
  const pairs = tables.flatMap(({ rows }) =>
    rows.flatMap(({ points }) => {
      const shown = points.filter(({ cell }) => cell.state === 'published');
      return shown.slice(1).map((later, index) => ({ earlier: shown[index]!, later }));
    }),
  );
  const compared: { earlier: WavePoint; later: WavePoint; comparisons: Comparison[] }[] = [];
  for (const { earlier, later } of pairs) {
    compared.push({ earlier, later, comparisons: await compare(earlier, later) });
  }
  const changes = new Map<WavePoint, NonNullable<WaveCell['change']>>();
  for (const family of Map.groupBy(compared, ({ later }) => later.study).values()) {
    const adjusted = withHolm(family.flatMap(({ comparisons }) => comparisons));
    for (const { earlier, later, comparisons } of family) {
      changes.set(later, { since: earlier.study, estimates: adjusted.splice(0, comparisons.length) });
    }
  }
  return changes;
}
