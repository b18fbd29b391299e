import type {
  Estimate,
  ExportedResults,
  ExportStamp,
  Manifest,
  ResultCell,
  SeriesExport,
  SeriesResults,
  StudyExport,
  SurveyResults,
} from '@chorale/protocol';
import { type CsvCell, toCsv } from './csv.ts';
import { CONFIDENCE } from './estimates.ts';
import type { SurveyStudy } from './study-registry.ts';

/**
 * A study's results as a file: the same results and time give the same file, byte for byte. [E9]
 * @param exportedAt ISO 8601 in UTC
 */
export function studyExport(study: SurveyStudy, results: SurveyResults, exportedAt: string): StudyExport {
  return { format: 'chorale-results', stamp: stampOf(study, exportedAt), results: withoutVoices(results) };
}

/** @param waves in the order of `results.waves` */
export function seriesExport(waves: readonly SurveyStudy[], results: SeriesResults, exportedAt: string): SeriesExport {
  const released = { ...results, waves: results.waves.map(withoutVoices) };
  return { format: 'chorale-series', stamps: waves.map((study) => stampOf(study, exportedAt)), results: released };
}

/** The count of voices is live, and nothing in a file is. */
function withoutVoices<T extends { voices: number }>(whole: T): Omit<T, 'voices'> {
  const { voices: _, ...released } = whole;
  return released;
}

/** What every number of a file has beside it. */
export function stampOf({ manifest, hash, channels }: SurveyStudy, exportedAt: string): ExportStamp {
  return {
    study: manifest.id,
    manifest: hash,
    title: manifest.title,
    simulated: manifest.simulated,
    privacyUnit: 'employee',
    neighboringRelation: 'replace-one',
    epsilon: manifest.survey?.epsilon ?? 0,
    // Reports of letters are pure.
    delta: 0,
    realizedEpsilon: channels.realizedEpsilon,
    minimumGroupSize: manifest.publishing.minimumGroupSize,
    confidence: CONFIDENCE,
    exportedAt,
  };
}

/** Columns by name; each row has the same. */
export type Row = Record<string, CsvCell>;

/** One row an estimate, or a suppressed cell; every row carries the whole stamp, so that none can lose it. */
export function studyCsv({ stamp, results }: StudyExport): string {
  return table(
    results.questions.flatMap(({ question, text, cells }) =>
      cells.flatMap((cell) =>
        estimatesOf(cell).map((estimate) => ({
          ...stampColumns(stamp),
          ...cellColumns(cell, { question, text, groups: results.groups }),
          ...participationColumns(cell, results),
          ...estimateColumns(cell, estimate),
        })),
      ),
    ),
  );
}

/** The same over the waves of a series, with how many took part in each, and the change since the one that showed a number last. */
export function seriesCsv({ stamps, results }: SeriesExport): string {
  const stampOfStudy = new Map(stamps.map((stamp) => [stamp.study, stamp]));
  const waveOfStudy = new Map(results.waves.map((wave) => [wave.study, wave]));
  return table(
    results.questions.flatMap(({ identity, text, groups }) =>
      groups.flatMap(({ waves }) =>
        waves.flatMap(({ study, question, cell, change }) =>
          estimatesOf(cell).map((estimate) => {
            const changed = change?.estimates.find(({ id }) => id === estimate?.id);
            return {
              series: results.series,
              ...stampColumns(stampOfStudy.get(study)!),
              question_identity: identity,
              ...cellColumns(cell, { question, text, groups: results.groups }),
              ...participationColumns(cell, waveOfStudy.get(study)!),
              ...estimateColumns(cell, estimate),
              changed_since: change?.since ?? null,
              change: changed?.change ?? null,
              change_lower: changed?.lower ?? null,
              change_upper: changed?.upper ?? null,
              p_value: changed?.pValue ?? null,
              adjusted_p_value: changed?.adjustedPValue ?? null,
              significant: changed?.significant ?? null,
            };
          }),
        ),
      ),
    ),
  );
}

/** @param rows none make an empty text */
export function table(rows: readonly Row[]): string {
  return toCsv(
    Object.keys(rows[0] ?? {}),
    rows.map((row) => Object.values(row)),
  );
}

function estimatesOf(cell: ResultCell): (Estimate | null)[] {
  return cell.state === 'published' ? cell.estimates : [null];
}

export function stampColumns(stamp: ExportStamp): Row {
  return {
    study: stamp.study,
    manifest: stamp.manifest,
    title: stamp.title,
    simulated: stamp.simulated,
    privacy_unit: stamp.privacyUnit,
    neighboring_relation: stamp.neighboringRelation,
    epsilon: stamp.epsilon,
    delta: stamp.delta,
    realized_epsilon: stamp.realizedEpsilon,
    minimum_group_size: stamp.minimumGroupSize,
    confidence: stamp.confidence,
    exported_at: stamp.exportedAt,
  };
}

function cellColumns(
  cell: ResultCell,
  { question, text, groups }: { question: string; text: string; groups: Manifest['groups'] },
): Row {
  const label = groups.values.find(({ id }) => id === cell.group)?.label;
  return {
    question,
    text,
    group: cell.group,
    group_label: cell.group === null ? 'All' : (label ?? cell.group),
    state: cell.state === 'published' ? cell.state : cell.reason,
    respondents: cell.state === 'published' ? cell.respondents : null,
  };
}

/** How many of the row's group took part, whatever they were asked: bounds, as far as whole blocks tell. [E6] */
function participationColumns({ group }: ResultCell, { participation }: Pick<ExportedResults, 'participation'>): Row {
  const found = participation.find((one) => one.group === group);
  return {
    participants: found?.participants ?? null,
    headcount: found?.headcount ?? null,
    participation_lower: found?.rate?.lower ?? null,
    participation_upper: found?.rate?.upper ?? null,
  };
}

function estimateColumns(cell: ResultCell, estimate: Estimate | null): Row {
  const shrunken = cell.state === 'published' ? cell.shrunken?.find(({ id }) => id === estimate?.id) : undefined;
  return {
    estimate: estimate?.id ?? null,
    label: estimate?.label ?? null,
    value: estimate?.value ?? null,
    lower: estimate?.lower ?? null,
    upper: estimate?.upper ?? null,
    shrunken_value: shrunken?.value ?? null,
    shrunken_lower: shrunken?.lower ?? null,
    shrunken_upper: shrunken?.upper ?? null,
  };
}
