import { type Answer, ChoraleError, ManifestMismatchError } from '@chorale/protocol';
import type { Question, QuestionMatrixModel, SurveyModel } from 'survey-core';
import { answersFromSurveyJs } from './answers-from-surveyjs.ts';
import type { AnswerSource, SurveyJsMapping } from './mapping.ts';
import { placesThatSend } from './places-that-send.ts';

/**
 * @throws ManifestMismatchError where the survey lacks a question of the mapping; ChoraleError `MANIFEST_INVALID` where it
 *   would send answers by itself.
 */
export function checkSurvey(model: SurveyModel, mapping: SurveyJsMapping): void {
  const sending = placesThatSend(model.toJSON());
  if (sending.length > 0)
    throw new ChoraleError('MANIFEST_INVALID', `the survey would send answers by itself, at ${sending.join(', ')}`);
  for (const { question } of Object.values(mapping.questions))
    if (!model.getQuestionByName(question)) throw new ManifestMismatchError(`the survey has no question ${question}`);
}

/** Lets every question stay empty, as the notice says. */
export function letSkip(model: SurveyModel): void {
  for (const element of [...model.pages, ...model.getAllPanels(), ...model.getAllQuestions()] as Question[]) {
    element.isRequired = false;
    element.requiredIf = '';
    if (element.getType() === 'matrix') (element as QuestionMatrixModel).eachRowRequired = false;
  }
}

/**
 * The study's answers; what is invisible now is not answered, whatever the data still holds.
 * @throws ChoraleError `ANSWER_INVALID` for an answer that the mapping does not know.
 */
export function visibleAnswers(model: SurveyModel, mapping: SurveyJsMapping): Record<string, Answer> {
  const visible = new Map(model.getAllQuestions(true).map((question) => [question.name, question]));
  const given = Object.entries(answersFromSurveyJs(model.data, mapping));
  return Object.fromEntries(given.map(([id, answer]) => [id, isVisible(mapping.questions[id]!) ? answer : null]));

  function isVisible({ question: name, row }: AnswerSource): boolean {
    const question = visible.get(name);
    if (question === undefined) return false;
    return row === undefined || (question as QuestionMatrixModel).visibleRows.some((one) => one.name === row);
  }
}

/** Under which names the data holds what is not in the study. */
export function unmappedNames(model: SurveyModel, { questions }: SurveyJsMapping): string[] {
  const mapped = new Set(Object.values(questions).map(({ key }) => key));
  return Object.keys(model.data as object).filter((key) => !mapped.has(key));
}
