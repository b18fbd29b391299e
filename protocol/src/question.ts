import * as v from 'valibot';
import { limits } from './limits.ts';

export const Identifier = v.pipe(
  v.string(),
  v.regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'use a-z, 0-9 and "-", at most 64 characters'),
);
export const Text = v.pipe(v.string(), v.minLength(1), v.maxLength(500));
const Finite = v.pipe(v.number(), v.finite());

/** An ordered scale of whole numbers, such as 1 to 5 or 0 to 10. */
const ScaleQuestion = v.pipe(
  v.strictObject({
    type: v.literal('scale'),
    id: Identifier,
    text: Text,
    minimum: v.pipe(v.number(), v.integer()),
    maximum: v.pipe(v.number(), v.integer()),
    minimumLabel: v.optional(Text),
    maximumLabel: v.optional(Text),
    /** What the question is for; the mechanism follows from it. `enps` needs the scale 0 to 10. */
    report: v.picklist(['favourable', 'distribution', 'mean', 'enps']),
    /** Lowest answer that counts as favourable. */
    favourableFrom: v.optional(v.pipe(v.number(), v.integer())),
  }),
  v.check(
    (q) => q.maximum > q.minimum && q.maximum - q.minimum < limits.options,
    'maximum must exceed minimum, by less than 50',
  ),
  v.check(
    (q) =>
      q.report !== 'favourable' ||
      (q.favourableFrom !== undefined && q.favourableFrom > q.minimum && q.favourableFrom <= q.maximum),
    'favourable needs favourableFrom above minimum and at most maximum',
  ),
  v.check((q) => q.report !== 'enps' || (q.minimum === 0 && q.maximum === 10), 'enps needs the scale 0 to 10'),
);

const YesNoQuestion = v.strictObject({
  type: v.literal('yesno'),
  id: Identifier,
  text: Text,
  report: v.literal('favourable'),
});

const ChoiceQuestion = v.pipe(
  v.strictObject({
    type: v.literal('choice'),
    id: Identifier,
    text: Text,
    options: v.pipe(
      v.array(v.strictObject({ id: Identifier, label: Text })),
      v.minLength(2),
      v.maxLength(limits.options),
    ),
    report: v.literal('distribution'),
  }),
  v.check((q) => new Set(q.options.map((o) => o.id)).size === q.options.length, 'option ids must differ'),
);

/** A bounded quantity, such as a salary; answers outside the bounds are clamped to them on the device. */
const NumberQuestion = v.pipe(
  v.strictObject({
    type: v.literal('number'),
    id: Identifier,
    text: Text,
    minimum: Finite,
    maximum: Finite,
    unit: v.optional(v.pipe(v.string(), v.maxLength(20))),
    report: v.literal('mean'),
  }),
  v.check((q) => q.maximum > q.minimum, 'maximum must exceed minimum'),
  v.check((q) => Number.isFinite(q.maximum - q.minimum), 'the width of the scale must be finite'),
);

export const Question = v.variant('type', [ScaleQuestion, YesNoQuestion, ChoiceQuestion, NumberQuestion]);
export type Question = v.InferOutput<typeof Question>;

/** One raw answer: a scale point or number, an option's id, yes or no; `null` is "no answer". */
export type Answer = number | string | boolean | null;
/** A respondent's raw answers by question id; a missing key is "no answer". */
export type Answers = Readonly<Record<string, Answer>>;

/**
 * What makes a question the same wherever it is asked: its words, its answers and what they count as; not its id. A
 * device gives the same noise to the same question. An array, whose order is fixed, is canonical as JSON.
 */
export function questionIdentity(question: Question): unknown[] {
  return [question.text, question.type, question.report, answersOf(question)];
}

function answersOf(question: Question): unknown[] {
  switch (question.type) {
    case 'scale':
      return [question.minimum, question.maximum, question.favourableFrom ?? null];
    case 'yesno':
      return [];
    case 'choice':
      return question.options.map(({ id, label }) => [id, label]);
    case 'number':
      return [question.minimum, question.maximum, question.unit ?? null];
  }
}
