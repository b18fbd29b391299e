import type { QuestionChannel, QuestionResult, ResultCell, SurveyResults } from '@chorale/protocol';
import type { PublishedCounts } from './block-tally.ts';
import { CONFIDENCE, estimateCell, respondentsWithoutNoise, valueRange } from './estimates.ts';
import type { StudyTally } from './study-tally.ts';
import type { PublishedStudy } from './study-registry.ts';

/** A published study that has a survey. */
type SurveyStudy = PublishedStudy & { channels: NonNullable<PublishedStudy['channels']> };

/** What may be said about a survey now: estimates with their intervals, and why others are withheld. [E2, E3] */
export function surveyResults({ manifest, hash, channels }: SurveyStudy, tally: StudyTally): SurveyResults {
  const groups = [null, ...manifest.groups.values.map((group) => group.id)];
  return {
    study: manifest.id,
    manifest: hash,
    title: manifest.title,
    simulated: manifest.simulated,
    voices: tally.voices,
    epsilon: manifest.survey?.epsilon ?? 0,
    realizedEpsilon: channels.realizedEpsilon,
    confidence: CONFIDENCE,
    minimumGroupSize: manifest.publishing.minimumGroupSize,
    groups: manifest.groups,
    questions: [...channels.byQuestion.values()].map((spec) => ({
      ...describe(spec, channels.epsilonPerQuestion),
      cells: groups.map((group) => {
        const published = tally.published(spec.question.id, group);
        return cell(spec, { group, published, maximumMargin: manifest.publishing.maximumMargin });
      }),
    })),
  };
}

function describe(spec: QuestionChannel, epsilon: number): Omit<QuestionResult, 'cells'> {
  const { id, text, report } = spec.question;
  const { mechanism, realizedEpsilon } = spec.channel;
  return { question: id, text, report, range: valueRange(spec), mechanism, epsilon, realizedEpsilon };
}

function cell(
  spec: QuestionChannel,
  { group, published, maximumMargin }: { group: string | null; published: PublishedCounts; maximumMargin: number },
): ResultCell {
  const { respondents, counts } = published;
  if (respondents === 0) return { state: 'suppressed', group, reason: 'too-few' };
  const { estimates, halfInterval } = estimateCell(spec, counts);
  const [lowest, highest] = valueRange(spec);
  if (halfInterval > maximumMargin * (highest - lowest)) return { state: 'suppressed', group, reason: 'too-uncertain' };
  const effective = respondentsWithoutNoise(spec, published);
  return { state: 'published', group, respondents, estimates, effectiveRespondents: effective };
}
