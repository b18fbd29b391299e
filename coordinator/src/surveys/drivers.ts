import { holmAdjusted, questionSampling } from '@chorale/privacy';
import type { DriverPair, LeftOutQuestion, StudyDrivers, SuppressionReason } from '@chorale/protocol';
import { drivenQuestions } from './driven-questions.ts';
import { CONFIDENCE } from './estimates.ts';
import { isScored, type ScoredChannel } from './letter-scores.ts';
import { type PairCorrelation, pairCorrelation } from './pair-correlation.ts';
import type { PairCounts } from './pair-tally.ts';
import type { SurveyStudy } from './study-registry.ts';
import type { PublishedPairs } from './study-tally.ts';

/** With fewer, intervals that are narrow enough to be shown miss the truth too often. */
export const FEWEST_RESPONDENTS = 100;

/** One pair, before it is known how many are asked about. */
export type JudgedPair = { questions: [first: string, second: string] } & (
  | ({ state: 'shown' } & PairCorrelation)
  | { state: 'suppressed'; reason: SuppressionReason }
);

/**
 * What may be said of how answers move together.
 * @param pairs `null` where the study has none
 * @param judged each two of the questions, from `judgePair`
 */
export function studyDrivers(
  { manifest, hash, channels }: SurveyStudy,
  pairs: PublishedPairs | null,
  judged: readonly JudgedPair[],
): StudyDrivers {
  const specs = [...channels.byQuestion.values()];
  const common = {
    study: manifest.id,
    manifest: hash,
    title: manifest.title,
    simulated: manifest.simulated,
    epsilon: manifest.survey?.epsilon ?? 0,
    realizedEpsilon: channels.realizedEpsilon,
    confidence: CONFIDENCE,
    minimumGroupSize: manifest.publishing.minimumGroupSize,
    leftOut: specs.flatMap(({ kind, question }): LeftOutQuestion[] => {
      if (kind === 'mean') return [{ question: question.id, text: question.text, reason: 'mean' }];
      return question.type === 'choice' ? [{ question: question.id, text: question.text, reason: 'unordered' }] : [];
    }),
  };
  const driven = drivenQuestions(channels);
  if (driven.state === 'unavailable' || pairs === null) {
    return {
      ...common,
      state: 'unavailable',
      reason: driven.state === 'unavailable' ? driven.reason : 'deleted',
      asked: specs.length,
      questionsPerDevice: channels.questionsPerDevice,
      epsilonForAll: epsilonForAll(specs.length),
    };
  }
  return {
    ...common,
    state: 'available',
    respondents: pairs.respondents,
    fewestRespondents: FEWEST_RESPONDENTS,
    questions: specs.filter(isScored).map(({ question: { id, text, report } }) => ({ question: id, text, report })),
    pairs: withHolm(judged),
  };
}

/** One pair's correlation, if it may be shown: its margin may not exceed the study's share of the scale from -1 to 1. [E3] */
export function judgePair(
  { manifest, channels }: SurveyStudy,
  { respondents, heldBack }: Omit<PublishedPairs, 'counts'>,
  { first, second, counts }: PairCounts,
): JudgedPair {
  const questions: [string, string] = [first, second];
  if (respondents === 0) return { questions, state: 'suppressed', reason: heldBack ? 'too-similar' : 'too-few' };
  const specs = [channels.byQuestion.get(first), channels.byQuestion.get(second)] as [ScoredChannel, ScoredChannel];
  const estimate = pairCorrelation(specs, counts, CONFIDENCE);
  const { correlation, lower, upper } = estimate;
  const isNarrow = Math.max(correlation - lower, upper - correlation) <= 2 * manifest.publishing.maximumMargin;
  return respondents >= FEWEST_RESPONDENTS && isNarrow
    ? { questions, state: 'shown', ...estimate }
    : { questions, state: 'suppressed', reason: 'too-uncertain' };
}

/**
 * Each pair with what its p-value is worth among all of them: whoever reads may take any question for the outcome. Those
 * that are not shown count as well, since which are shown is a matter of chance. [E8]
 */
function withHolm(judged: readonly JudgedPair[]): DriverPair[] {
  const adjusted = holmAdjusted(judged.map((pair) => (pair.state === 'shown' ? pair.pValue : 1)));
  return judged.map((pair, index): DriverPair => {
    if (pair.state === 'suppressed') return pair;
    const adjustedPValue = adjusted[index]!;
    return {
      questions: pair.questions,
      state: 'published',
      correlation: clip(pair.correlation),
      lower: clip(pair.lower),
      upper: clip(pair.upper),
      pValue: pair.pValue,
      adjustedPValue,
      significant: adjustedPValue <= 1 - CONFIDENCE,
    };
  });
}

/** To what can be true: sampling and noise can lead beyond. */
function clip(correlation: number): number {
  return Math.min(1, Math.max(-1, correlation));
}

/** The least epsilon, to a half, at which a device answers all of so many questions. */
function epsilonForAll(questions: number): number {
  let epsilon = 1;
  while (questionSampling({ questions, epsilon }).questionsPerDevice < questions) epsilon += 0.5;
  return epsilon;
}
