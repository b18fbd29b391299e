import { ChoraleError } from '@chorale/protocol';
import { Model, type Question, type SurveyModel } from 'survey-core';
import { placesThatSend } from './places-that-send.ts';

export type Definition = {
  /** As SurveyJS understands the definition. */
  survey: SurveyModel;
  /** Its questions in their order, out of pages and panels; whatever is invisible at first is among them. */
  questions: Question[];
  /** Names of questions whose options come from an address. */
  fetched: ReadonlySet<string>;
};

/**
 * Lets SurveyJS read a definition, its defaults and old spellings included. Nothing is fetched.
 * @param locale which of the definition's languages to read; its own default without it.
 * @throws ChoraleError `MANIFEST_INVALID` for what SurveyJS cannot read, and for a definition that would send answers.
 */
export function readDefinition(definition: unknown, locale?: string): Definition {
  if (typeof definition !== 'object' || definition === null || Array.isArray(definition))
    throw invalid('a survey definition must be an object');
  const sending = placesThatSend(definition);
  if (sending.length > 0) throw invalid(`the survey would send answers by itself, at ${sending.join(', ')}`);
  const fetched = new Set<string>();
  const local: unknown = JSON.parse(JSON.stringify(definition), function (this: { name?: unknown }, key, value) {
    if (key !== 'choicesByUrl') return value as unknown;
    fetched.add(String(this.name));
    return undefined;
  });
  const survey = modelOf(local);
  if (locale !== undefined) survey.locale = locale;
  const questions = survey.getAllQuestions();
  if (questions.some(({ name }) => name === '')) throw invalid('a question has no name that SurveyJS accepts');
  return { survey, questions, fetched };
}

function modelOf(definition: unknown): SurveyModel {
  let survey: SurveyModel;
  try {
    survey = new Model(definition);
  } catch (cause) {
    throw new ChoraleError('MANIFEST_INVALID', `SurveyJS cannot read the survey: ${String(cause)}`, { cause });
  }
  // It leaves out what it does not understand: a question of a type that the page has not registered, say.
  const mistake = survey.jsonErrors?.find(({ type }) => type !== 'unknownproperty');
  if (mistake !== undefined) throw invalid(`SurveyJS cannot read the survey: ${mistake.message}`);
  return survey;
}

function invalid(message: string): ChoraleError {
  return new ChoraleError('MANIFEST_INVALID', message);
}
