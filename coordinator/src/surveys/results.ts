import {
  type Benchmark,
  estimateIds,
  estimateRange,
  type Manifest,
  type Participation,
  type Question,
  type QuestionChannel,
  type QuestionResult,
  type ShownBenchmark,
  type SurveyResults,
} from '@chorale/protocol';
import { CONFIDENCE } from './estimates.ts';
import { groupTable } from './group-table.ts';
import { judgeCell } from './result-cell.ts';
import type { StudyTally } from './study-tally.ts';
import type { SurveyStudy } from './study-registry.ts';

/**
 * What may be said about a survey now.
 * @param questions results of all its questions
 */
export function surveyResults(
  { manifest, hash, channels }: SurveyStudy,
  tally: StudyTally,
  questions: QuestionResult[],
): SurveyResults {
  const { publishing, groups, survey } = manifest;
  return {
    study: manifest.id,
    manifest: hash,
    title: manifest.title,
    simulated: manifest.simulated,
    series: manifest.series ?? null,
    voices: tally.voices,
    epsilon: survey?.epsilon ?? 0,
    realizedEpsilon: channels.realizedEpsilon,
    confidence: CONFIDENCE,
    minimumGroupSize: publishing.minimumGroupSize,
    groups,
    participation: filters(manifest).map((group) => participation(group, manifest, tally)),
    questions,
  };
}

/** Estimates of one question with their intervals, and why others are withheld. [E2, E3] */
export function questionResult(
  { manifest, channels }: SurveyStudy,
  spec: QuestionChannel,
  tally: StudyTally,
): QuestionResult {
  const { maximumMargin } = manifest.publishing;
  const cells = filters(manifest).map((group) =>
    judgeCell(spec, { group, published: tally.published(spec.question.id, group), maximumMargin }),
  );
  return {
    ...describe(spec, channels.epsilonPerQuestion),
    ...groupTable(spec, cells),
    benchmarks: benchmarksOf(spec.question, manifest.survey?.benchmarks ?? []),
  };
}

/** All groups together, and each. */
function filters({ groups }: Manifest): (string | null)[] {
  return [null, ...groups.values.map(({ id }) => id)];
}

function describe(spec: QuestionChannel, epsilon: number): Omit<QuestionResult, 'cells' | 'spread' | 'benchmarks'> {
  const { id, text, report } = spec.question;
  const { mechanism, realizedEpsilon } = spec.channel;
  return { question: id, text, report, range: estimateRange(spec.question), mechanism, epsilon, realizedEpsilon };
}

/** How many of those who are invited took part, as far as whole blocks tell. [E6] */
function participation(group: string | null, { groups, publishing }: Manifest, tally: StudyTally): Participation {
  const participants = tally.participants(group);
  const members = groups.values.filter(({ id }) => group === null || id === group);
  const headcounts = members.map(({ headcount }) => headcount);
  if (!headcounts.every((count) => count !== undefined)) return { group, participants, headcount: null, rate: null };
  const headcount = headcounts.reduce((sum, count) => sum + count, 0);
  // Of each group up to a block less one may have come beyond the whole ones.
  const most = participants + members.length * (publishing.minimumGroupSize - 1);
  const share = (people: number) => Math.min(1, people / headcount);
  return { group, participants, headcount, rate: { lower: share(participants), upper: share(most) } };
}

/** Those of one question, as they are shown beside its estimates. */
export function benchmarksOf(question: Question, all: readonly Benchmark[]): ShownBenchmark[] {
  return all
    .filter((benchmark) => benchmark.question === question.id)
    .map(({ estimate, value, source, year }) => {
      // They were refused if there were several to choose from.
      return { estimate: estimate ?? estimateIds(question)[0]!, value, source, year };
    });
}
