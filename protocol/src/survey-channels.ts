import {
  chooseChannel,
  type FrequencyChannel,
  numericMean,
  type NumericMean,
  questionSampling,
  type RandomSource,
} from '@chorale/privacy';
import { ChoraleError } from './errors.ts';
import { limits } from './limits.ts';
import type { Manifest } from './manifest.ts';
import type { Answer, Question } from './question.ts';

/** One letter of a question of shares; the last letter is always "no answer". */
export type Letter = { id: string; label: string };

/** How a question's answers are randomized: both ends derive the same channel from the manifest. */
export type QuestionChannel =
  | { kind: 'shares'; question: Question; channel: FrequencyChannel; letters: Letter[]; noAnswer: number }
  | { kind: 'mean'; question: Question & { minimum: number; maximum: number }; channel: NumericMean };

export type SurveyChannels = {
  /** How many questions a device draws, and at which epsilon each; their product is at most the study's. */
  questionsPerDevice: number;
  epsilonPerQuestion: number;
  /** Privacy loss of a whole report at the integer probabilities: the largest sum over drawn questions. */
  realizedEpsilon: number;
  byQuestion: ReadonlyMap<string, QuestionChannel>;
};

const NO_ANSWER: Letter = { id: 'no-answer', label: 'No answer' };

/**
 * Channels of a study's survey. The whole record is protected: which questions a device answers does
 * not depend on the answers, and the channels of the drawn ones compose to at most the study's epsilon.
 */
export function surveyChannels(survey: NonNullable<Manifest['survey']>): SurveyChannels {
  const { questionsPerDevice, epsilonPerQuestion } = questionSampling({
    questions: survey.questions.length,
    epsilon: survey.epsilon,
  });
  const byQuestion = new Map(survey.questions.map((q) => [q.id, questionChannel(q, epsilonPerQuestion)]));
  const realized = [...byQuestion.values()].map((c) => c.channel.realizedEpsilon).toSorted((a, b) => b - a);
  const realizedEpsilon = Math.min(
    survey.epsilon,
    realized.slice(0, questionsPerDevice).reduce((a, b) => a + b, 0),
  );
  return { questionsPerDevice, epsilonPerQuestion, realizedEpsilon, byQuestion };
}

export function questionChannel(question: Question, epsilon: number): QuestionChannel {
  if (question.report === 'mean') return { kind: 'mean', question, channel: numericMean({ epsilon }) };
  const letters = [...answerLetters(question), NO_ANSWER];
  const channel = chooseChannel({ options: letters.length, epsilon, maximumOutputs: limits.outputs });
  return { kind: 'shares', question, channel, letters, noAnswer: letters.length - 1 };
}

function answerLetters(question: Exclude<Question, { report: 'mean' }>): Letter[] {
  if (question.type === 'yesno')
    return [
      { id: 'no', label: 'No' },
      { id: 'yes', label: 'Yes' },
    ];
  if (question.type === 'choice') return question.options;
  switch (question.report) {
    case 'favourable':
      return [
        { id: 'other', label: `Below ${question.favourableFrom}` },
        { id: 'favourable', label: `${question.favourableFrom} or more` },
      ];
    case 'enps':
      return [
        { id: 'detractor', label: 'Detractors (0-6)' },
        { id: 'passive', label: 'Passives (7-8)' },
        { id: 'promoter', label: 'Promoters (9-10)' },
      ];
    case 'distribution':
      return Array.from({ length: question.maximum - question.minimum + 1 }, (_, i) => {
        const point = String(question.minimum + i);
        return { id: point, label: point };
      });
    case 'mean':
      throw new TypeError('a scale reported as a mean has no letters');
  }
}

/** The letters that an output of the channel names: one for randomized response, several for subset selection. */
export function namedLetters({ channel, letters }: QuestionChannel & { kind: 'shares' }, output: number): Letter[] {
  const named = new Float64Array(letters.length);
  channel.addSupport(output, named);
  return letters.filter((_, index) => named[index] === 1);
}

/**
 * The channel input that stands for a raw answer.
 * @throws ChoraleError `ANSWER_INVALID` when the answer does not fit the question.
 */
export function encodeAnswer(spec: QuestionChannel, answer: Answer | undefined, random?: RandomSource): number {
  const value = answer ?? null;
  checkAnswer(spec.question, value);
  if (spec.kind === 'mean') {
    const { minimum, maximum } = spec.question;
    const clamped = value === null ? null : Math.min(maximum, Math.max(minimum, Number(value)));
    return spec.channel.encode(clamped === null ? null : (2 * (clamped - minimum)) / (maximum - minimum) - 1, random);
  }
  if (value === null) return spec.noAnswer;
  const id = letterId(spec.question, value);
  return spec.letters.findIndex((letter) => letter.id === id);
}

function letterId(question: Question, value: number | string | boolean): string {
  if (question.type === 'yesno') return value === true ? 'yes' : 'no';
  if (question.type !== 'scale') return String(value);
  const point = Number(value);
  if (question.report === 'favourable') return point >= (question.favourableFrom ?? Infinity) ? 'favourable' : 'other';
  if (question.report === 'enps') return point >= 9 ? 'promoter' : point >= 7 ? 'passive' : 'detractor';
  return String(point);
}

/** @throws ChoraleError `ANSWER_INVALID` when the answer does not fit the question. */
export function checkAnswer(question: Question, answer: Answer): void {
  if (answer === null || fits(question, answer)) return;
  throw new ChoraleError(
    'ANSWER_INVALID',
    `${question.id}: the answer does not fit a question of type ${question.type}`,
  );
}

function fits(question: Question, answer: number | string | boolean): boolean {
  switch (question.type) {
    case 'scale':
      return Number.isInteger(answer) && Number(answer) >= question.minimum && Number(answer) <= question.maximum;
    case 'yesno':
      return typeof answer === 'boolean';
    case 'choice':
      return question.options.some((option) => option.id === answer);
    case 'number':
      return typeof answer === 'number' && Number.isFinite(answer);
  }
}
