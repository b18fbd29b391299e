import { auditChannel, type ExactAuditFailure } from '@chorale/audit';
import type { SurveyChannels } from '@chorale/protocol';

/** What reading every probability of one question's mechanism found. */
export type QuestionAudit = {
  /** Id of the question. */
  question: string;
  mechanism: string;
  /** Pairs of an answer and a report; each has a probability, and all were read. */
  probabilities: number;
  epsilonClaimed: number;
  /** Largest log ratio of two probabilities of one report; infinite where a report rules an answer out. */
  epsilonExact: number;
  /** `other-than-stated`: what was found is not the realized epsilon that the study's results are stamped with. */
  failures: (ExactAuditFailure | 'other-than-stated')[];
};

/** The mechanisms of a survey, and the whole report that is composed of them, looked at from outside. */
export type SurveyAudit = {
  questions: QuestionAudit[];
  /** The largest sum of as many exact epsilons as a device draws questions. */
  reportEpsilon: number;
  /** What the manifest allows a report. */
  epsilon: number;
  passed: boolean;
};

/** Beyond it a sum of doubles is not what rounding makes of the manifest's epsilon. */
const ROUNDING = 1e-12;

/**
 * Reads all probabilities of the very mechanisms that devices of this study draw from, as exact integers, and compares what
 * they reveal with what is claimed. Nothing is drawn, so the findings have no confidence level: they are certain.
 * @param epsilon of the manifest's survey
 */
export function auditSurvey(channels: SurveyChannels, epsilon: number): SurveyAudit {
  const questions = [...channels.byQuestion].map(([question, { channel }]): QuestionAudit => {
    const { mechanism, inputs, outputs } = channel;
    const { epsilonClaimed, epsilonExact, failures } = auditChannel(channel, { epsilon: channel.epsilon });
    const isStated = epsilonExact === channel.realizedEpsilon;
    return {
      question,
      mechanism,
      probabilities: inputs * outputs,
      epsilonClaimed,
      epsilonExact,
      failures: isStated ? [...failures] : [...failures, 'other-than-stated'],
    };
  });
  // Which questions a device draws depends on no answer, so a report reveals what its letters reveal together.
  const largest = questions.map(({ epsilonExact }) => epsilonExact).toSorted((a, b) => b - a);
  const reportEpsilon = largest.slice(0, channels.questionsPerDevice).reduce((sum, one) => sum + one, 0);
  const isBounded = reportEpsilon <= epsilon * (1 + ROUNDING);
  return {
    questions,
    reportEpsilon,
    epsilon,
    passed: isBounded && questions.every(({ failures }) => failures.length === 0),
  };
}
