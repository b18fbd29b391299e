import {
  ChoraleError,
  type Manifest,
  parseSurveyManifest,
  PROTOCOL_VERSION,
  type Question as StudyQuestion,
  questionIdentity,
} from '@chorale/protocol';
import type { Question } from 'survey-core';
import { readDefinition } from './definition.ts';
import { Identifiers } from './identifiers.ts';
import { mapQuestion } from './map-question.ts';
import type { Mapped, ScaleReport } from './mapped.ts';
import type { AnswerSource, SurveyJsMapping, Unmapped, UnmappedReason } from './mapping.ts';

/** What a definition does not say about a study. */
export type SurveyJsStudy = {
  id: string;
  /** The survey's own title without it. */
  title?: string;
  description?: string;
  simulated?: boolean;
  /** Bound on the privacy loss of all answers of one person together. */
  epsilon: number;
  groups: Manifest['groups'];
  publishing: Manifest['publishing'];
  /** Which of the survey's languages the study's texts are taken from. */
  locale?: string;
  /** By name, what is reported of a rating or a matrix; eNPS of 0 to 10, and else a favourable share, without it. */
  reports?: Readonly<Record<string, ScaleReport>>;
  /** Names of questions of several choices to be asked as one yes/no question an item, all of which share epsilon. */
  itemByItem?: readonly string[];
};

/** A study that asks what a survey asks, where its answers are found, and what of it the study does not ask. */
export type SurveyJsManifest = { manifest: Manifest; mapping: SurveyJsMapping; unmapped: Unmapped[] };

/**
 * The manifest of a study made of a SurveyJS definition: each question with a closed list of answers becomes one of the
 * study's, and all others are listed with the reason. The same input gives the same manifest.
 * @throws ChoraleError `MANIFEST_INVALID` for a definition that SurveyJS cannot read or that would send answers by itself,
 *   one without any question that can be mapped, and options that do not fit it or a manifest.
 */
export function manifestFromSurveyJs(definition: unknown, study: SurveyJsStudy): SurveyJsManifest {
  const { id, epsilon, groups, publishing, locale, description, simulated = false } = study;
  const { survey, questions, fetched } = readDefinition(definition, locale);
  const names = new Set(questions.map(({ name }) => name));
  for (const name of [...Object.keys(study.reports ?? {}), ...(study.itemByItem ?? [])])
    if (!names.has(name)) throw new ChoraleError('MANIFEST_INVALID', `the survey has no question ${name}`);

  const collected = new StudyQuestions();
  for (const question of questions) {
    const { name } = question;
    const outcome = mapQuestion(question, {
      report: own(study.reports, name),
      itemByItem: study.itemByItem?.includes(name) ?? false,
      fetched: fetched.has(name),
    });
    if (Array.isArray(outcome)) collected.add(question, outcome);
    else collected.leaveOut(question, outcome);
    if (Array.isArray(outcome) && writesComment(question))
      collected.leaveOut(question, 'free-text-comment', `${name}${survey.commentSuffix}`);
  }
  if (collected.questions.length === 0)
    throw new ChoraleError('MANIFEST_INVALID', 'no question of the survey can be asked privately');
  const manifest = parseSurveyManifest({
    protocol: PROTOCOL_VERSION,
    id,
    title: study.title ?? survey.title,
    ...(description === undefined ? {} : { description }),
    simulated,
    groups,
    publishing,
    survey: { epsilon, questions: collected.questions },
  });
  return { manifest, mapping: { study: id, questions: collected.sources }, unmapped: collected.unmapped };
}

/** Questions as they become a study's, no two of them the same. */
class StudyQuestions {
  readonly questions: StudyQuestion[] = [];
  readonly unmapped: Unmapped[] = [];
  readonly #sources: [string, AnswerSource][] = [];
  readonly #ids = new Identifiers();
  readonly #keys = new Set<string>();
  readonly #asked = new Set<string>();

  get sources(): Record<string, AnswerSource> {
    return Object.fromEntries(this.#sources);
  }

  /** All questions that one of SurveyJS becomes, or none of them. */
  add(question: Question, mapped: readonly Mapped[]): void {
    const { name } = question;
    const key = question.getValueName();
    const identities = mapped.map((one) => JSON.stringify(questionIdentity({ ...one.question, id: '' })));
    const repeats = identities.some((identity, i) => this.#asked.has(identity) || identities.indexOf(identity) < i);
    if (repeats || this.#keys.has(key)) return this.leaveOut(question, 'asked-before');
    if (mapped.some((one) => textsOf(one.question).some((text) => text.length > MAXIMUM_TEXT)))
      return this.leaveOut(question, 'text-too-long');
    this.#keys.add(key);
    mapped.forEach(({ question: asked, source, row, part }, i) => {
      this.#asked.add(identities[i]!);
      const id = this.#ids.give(part === undefined ? name : `${name} ${part}`);
      this.questions.push({ ...asked, id });
      this.#sources.push([id, { ...source, question: name, key, ...(row === undefined ? {} : { row }) }]);
    });
  }

  leaveOut(question: Question, reason: UnmappedReason, name = question.name): void {
    this.unmapped.push({ name, type: question.getType(), reason });
  }
}

/** As a manifest allows. */
const MAXIMUM_TEXT = 500;

function textsOf(question: Mapped['question']): string[] {
  switch (question.type) {
    case 'scale':
      return [question.text, question.minimumLabel ?? '', question.maximumLabel ?? ''];
    case 'choice':
      return [question.text, ...question.options.map(({ label }) => label)];
    case 'yesno':
    case 'number':
      return [question.text];
  }
}

/** Whether people may write something beside their choice. */
function writesComment(question: Question): boolean {
  return Boolean(question.showCommentArea || question['showOtherItem']);
}

function own<T>(record: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}
