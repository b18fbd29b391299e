import type { Question as StudyQuestion } from '@chorale/protocol';
import type { Question } from 'survey-core';
import type { AnswerSource, UnmappedReason } from './mapping.ts';

/** What the shares or the mean of a scale are for; `favourableFrom` is a point of it. */
export type ScaleReport = { report: 'favourable' | 'distribution' | 'mean' | 'enps'; favourableFrom?: number };

export type MapOptions = {
  /** What is reported of scales, where the usual choice is not wanted. */
  report?: ScaleReport | undefined;
  /** Asks a question of several choices item by item. */
  itemByItem: boolean;
  /** Its options come from an address. */
  fetched: boolean;
};

type WithoutId<Q> = Q extends unknown ? Omit<Q, 'id'> : never;
type WithoutPlace<S> = S extends unknown ? Omit<S, 'question' | 'key' | 'row'> : never;

/** A question of the study that a question of SurveyJS, or a part of it, becomes. */
export type Mapped = {
  question: WithoutId<StudyQuestion>;
  source: WithoutPlace<AnswerSource>;
  /** Row of a matrix. */
  row?: string;
  /** What to call it beside the question's name. */
  part?: string;
};

/** What a question of SurveyJS becomes, or why it becomes nothing. */
export type Outcome = Mapped[] | UnmappedReason;

/** The words of a question in the language that is read. */
export function textOf(question: Question): string {
  return question.title.trim() || question.name;
}
