/** A value as SurveyJS stores it for a choice. */
export type RawValue = string | number | boolean;

export function isRaw(value: unknown): value is RawValue {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

/** Where one answer lies in a survey's data. */
type Place = {
  /** Name of the SurveyJS question that asks for it, which may be invisible. */
  question: string;
  /** Key in the data: the question's `valueName`, else its name. */
  key: string;
  /** Row of a matrix, or item of a multiple text, whose answer it is. */
  row?: string;
};

/** How the answer to one question of a study is read from a survey's data. */
export type AnswerSource = Place &
  (
    | { kind: 'number' }
    | {
        kind: 'listed';
        /** Each value with what it answers: an option's id, yes or no, or `null` for one that refuses to answer. */
        answers: [RawValue, string | boolean | null][];
        /** The option that stands for every value which is not listed. */
        other?: string;
      }
    | {
        kind: 'item';
        item: RawValue;
        /** The choice that refuses to answer about any item. */
        refused?: RawValue;
      }
  );

/** Which answers of a SurveyJS survey answer a study's questions. Plain JSON: keep it beside the manifest. */
export type SurveyJsMapping = {
  /** The study's id. */
  study: string;
  /** By the id of the study's question. */
  questions: Readonly<Record<string, AnswerSource>>;
};

/** Why a question, or a part of one, is not in the study, in words for the author of a page. */
export const unmappedReasons = {
  'free-text': 'what somebody writes cannot be randomized',
  'free-text-comment': 'the choice is mapped, the comment beside it is free text',
  file: 'a file, a drawing or a signature cannot be randomized',
  'not-a-question': 'it shows something and asks nothing',
  computed: 'it is computed from other answers',
  'any-number-of-answers': 'people add as many rows or panels as they like, so there is no list of answers',
  'several-columns': 'each cell would be a question; ask a matrix of one choice a row',
  ranking: 'every order would be an answer of its own, which are too many to be told apart from noise',
  'several-choices':
    'every item would be a question that shares epsilon with the others; name it in itemByItem if it is worth that',
  'number-without-bounds': 'a number needs min and max that are known beforehand, min below max',
  'options-from-elsewhere': 'its options are fetched, computed or taken from another question',
  'options-unfit': 'it needs 2 to 50 options, or 1 to 50 items, whose values are texts, numbers, yes or no',
  'text-too-long': 'the study shows at most 500 characters of a question, of an option and of a label',
  'asked-before': 'another question has the same words and answers, or stores its answer under the same name',
  'unknown-type': 'the SDK does not know this type of question',
} as const;

export type UnmappedReason = keyof typeof unmappedReasons;

/** A question, or a part of one, whose answers are not sent. */
export type Unmapped = { name: string; type: string; reason: UnmappedReason };
