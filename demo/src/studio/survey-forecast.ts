import { type Plan, planQuestion, type PlanOptions } from '@chorale/privacy/forecast';
import { questionVerdict } from '@chorale/protocol/verdicts';
import type { Manifest, Question } from '@chorale/protocol';

/** How many of a group are expected to answer. */
export type ExpectedGroup = { id: string; label: string; respondents: number };

/** What to expect of one question: over everybody, and in each group. */
export type QuestionForecast = {
  question: Question;
  all: Plan;
  /** In one sentence, as `chorale plan` says it. */
  words: string;
  groups: { group: ExpectedGroup; plan: Plan }[];
};

type Survey = { epsilon: number; minimumGroupSize: number; questions: readonly Question[] };

const known = new Map<string, Plan>();

/**
 * The forecast of a survey's questions, the same figures as `chorale plan` has for each.
 * @throws RangeError while an epsilon, a scale or a number of people is none
 */
export function forecastSurvey(survey: Survey, groups: readonly ExpectedGroup[]): QuestionForecast[] {
  const respondents = groups.reduce((sum, group) => sum + group.respondents, 0);
  return survey.questions.map((question) => {
    const all = plan(question, respondents, survey);
    const { minimumGroupSize } = survey;
    return {
      question,
      all,
      words: questionVerdict(all, { report: question.report, minimumGroupSize }),
      groups: groups.map((group) => ({ group, plan: plan(question, group.respondents, survey) })),
    };
  });
}

/** A survey's part of a manifest, as it is forecast. */
export function surveyOf({ survey, publishing }: Manifest): Survey | null {
  return survey === undefined ? null : { ...survey, minimumGroupSize: publishing.minimumGroupSize };
}

/** Whether nothing can be learned from a question that would be worth asking it. */
export function isHopeless({ all }: QuestionForecast): boolean {
  return all.verdict === 'too-noisy' || all.verdict === 'hidden';
}

function plan(question: Question, respondents: number, { epsilon, questions, minimumGroupSize }: Survey): Plan {
  const options: PlanOptions = {
    question: answersOf(question),
    report: question.report,
    epsilon,
    respondents,
    questions: questions.length,
    minimumGroupSize,
  };
  // As one types, most questions and groups stay what they were.
  const key = JSON.stringify(options);
  const planned = known.get(key) ?? planQuestion(options);
  if (known.size > 5000) known.clear();
  known.set(key, planned);
  return planned;
}

function answersOf(question: Question): PlanOptions['question'] {
  switch (question.type) {
    case 'scale':
      return { type: 'scale', options: question.maximum - question.minimum + 1, minimum: question.minimum };
    case 'choice':
      return { type: 'choice', options: question.options.length };
    case 'number':
      return { type: 'number', minimum: question.minimum, maximum: question.maximum };
    case 'yesno':
      return { type: 'yesno' };
  }
}
