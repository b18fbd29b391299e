import type { SurveyChannels } from '@chorale/protocol';
import { isScored } from './letter-scores.ts';

/** Ids of the questions whose answers are looked at together, in the study's order, or why none are. */
export type DrivenQuestions =
  | { state: 'available'; questions: string[] }
  | { state: 'unavailable'; reason: 'sampled' | 'too-few-questions' };

/**
 * Two answers of one person are looked at together only where every device answers every question: those who happened to
 * draw two given questions would be a set of people of whom nothing else is published. [E10]
 */
export function drivenQuestions({ questionsPerDevice, byQuestion }: SurveyChannels): DrivenQuestions {
  if (questionsPerDevice < byQuestion.size) return { state: 'unavailable', reason: 'sampled' };
  const questions = [...byQuestion].flatMap(([id, spec]) => (isScored(spec) ? [id] : []));
  return questions.length < 2
    ? { state: 'unavailable', reason: 'too-few-questions' }
    : { state: 'available', questions };
}
