import type {
  Question,
  QuestionBooleanModel,
  QuestionMatrixModel,
  QuestionRatingModel,
  QuestionSelectBase,
  QuestionSliderModel,
  QuestionTextModel,
} from 'survey-core';
import { choiceOf, itemsOf, yesNoOf } from './choices.ts';
import type { MapOptions, Outcome } from './mapped.ts';
import type { UnmappedReason } from './mapping.ts';
import { numberOf, sliderOf } from './numbers.ts';
import { matrixOf, ratingOf } from './scales.ts';

/** The study's questions that a question of SurveyJS becomes, or why it becomes none. */
export function mapQuestion(question: Question, options: MapOptions): Outcome {
  const type = question.getType();
  switch (type) {
    case 'radiogroup':
    case 'dropdown':
    case 'buttongroup':
      return choiceOf(question as QuestionSelectBase, options);
    case 'imagepicker':
      return question.multiSelect
        ? itemsOf(question as QuestionSelectBase, options)
        : choiceOf(question as QuestionSelectBase, options);
    case 'checkbox':
    case 'tagbox':
      return itemsOf(question as QuestionSelectBase, options);
    case 'boolean':
      return yesNoOf(question as QuestionBooleanModel);
    case 'rating':
      return ratingOf(question as QuestionRatingModel, options);
    case 'matrix':
      return matrixOf(question as QuestionMatrixModel, options);
    case 'text':
      return numberOf(question as QuestionTextModel);
    case 'slider':
      return sliderOf(question as QuestionSliderModel);
    default:
      return unmappable[type] ?? 'unknown-type';
  }
}

const unmappable: Readonly<Record<string, UnmappedReason>> = {
  comment: 'free-text',
  multipletext: 'free-text',
  file: 'file',
  signaturepad: 'file',
  html: 'not-a-question',
  image: 'not-a-question',
  expression: 'computed',
  matrixdynamic: 'any-number-of-answers',
  paneldynamic: 'any-number-of-answers',
  matrixdropdown: 'several-columns',
  ranking: 'ranking',
};
