import type { QuestionSliderModel, QuestionTextModel } from 'survey-core';
import { type Outcome, textOf } from './mapped.ts';

/** A typed number between fixed bounds. */
export function numberOf(question: QuestionTextModel): Outcome {
  if (question.inputType !== 'number' && question.inputType !== 'range') return 'free-text';
  const { min, max, minValueExpression, maxValueExpression } = question;
  if (minValueExpression || maxValueExpression || isBlank(min) || isBlank(max)) return 'number-without-bounds';
  return bounded(textOf(question), Number(min), Number(max));
}

export function sliderOf(question: QuestionSliderModel): Outcome {
  if (question.sliderType !== 'single') return 'any-number-of-answers';
  if (question.minValueExpression || question.maxValueExpression) return 'number-without-bounds';
  return bounded(textOf(question), question.min, question.max);
}

function bounded(text: string, minimum: number, maximum: number): Outcome {
  if (!Number.isFinite(maximum - minimum) || maximum <= minimum) return 'number-without-bounds';
  return [{ question: { type: 'number', text, minimum, maximum, report: 'mean' }, source: { kind: 'number' } }];
}

function isBlank(bound: unknown): boolean {
  return bound === undefined || bound === null || bound === '';
}
