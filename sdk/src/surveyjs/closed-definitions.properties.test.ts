import { checkAnswer, parseManifest } from '@chorale/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { answersFromSurveyJs, dataFromAnswers } from './answers-from-surveyjs.ts';
import { checkMapping } from './fits-study.ts';
import { manifestFromSurveyJs } from './manifest-from-surveyjs.ts';

/** A closed question without its name, and data that somebody might leave behind. */
type Closed = { element: Record<string, unknown>; data: unknown };

// SurveyJS takes these marks and outer space out of names, and keeps names in plain objects, whose properties are none.
const name = fc
  .string({ minLength: 1, maxLength: 70, unit: 'grapheme' })
  .filter((text) => text === text.trim() && !/[{}#|]/.test(text) && !(text in {}));
/** A text that only the item at this place has: two rows of the same words are one question. */
const text = (place: number) =>
  fc.string({ maxLength: 40, unit: 'grapheme' }).chain((words) => {
    const own = `Item ${place}: ${words}`;
    return fc.constantFrom<unknown>(own, { default: own, de: `Punkt ${place}` }, { de: own });
  });
const value = fc.oneof(name, fc.integer({ min: -9, max: 99 }), fc.boolean());
/** Bars and equal spellings mean something to SurveyJS. */
const values = (minLength: number): fc.Arbitrary<(string | number | boolean)[]> =>
  fc.uniqueArray(
    value.filter((one) => !String(one).includes('|')),
    { minLength, maxLength: 8, selector: String },
  );
const items = (of: readonly unknown[]): fc.Arbitrary<unknown[]> =>
  fc.tuple(
    ...of.map((one, place) =>
      fc.oneof(
        fc.constant(one),
        text(place).map((label) => ({ value: one, text: label })),
      ),
    ),
  );
const orNothing = (data: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> => fc.option(data, { nil: undefined });

const choice: fc.Arbitrary<Closed> = values(2).chain((choices) =>
  fc.record({
    element: fc.record({
      type: fc.constantFrom('radiogroup', 'dropdown', 'buttongroup'),
      choices: items(choices),
      showRefuseItem: fc.boolean(),
      visibleIf: fc.constantFrom('{other} = 1', ''),
    }),
    data: orNothing(fc.constantFrom(...choices)),
  }),
);
const rating: fc.Arbitrary<Closed> = fc
  .record({ rateMin: fc.integer({ min: -3, max: 5 }), points: fc.integer({ min: 2, max: 11 }) })
  .chain(({ rateMin, points }) =>
    fc.record({
      element: fc.constant({ type: 'rating', rateMin, rateMax: rateMin + points - 1 }),
      data: orNothing(fc.integer({ min: rateMin, max: rateMin + points - 1 })),
    }),
  );
const yesNo: fc.Arbitrary<Closed> = fc.record({
  element: fc.record({ type: fc.constant('boolean'), isRequired: fc.boolean() }),
  data: orNothing(fc.boolean()),
});
const number: fc.Arbitrary<Closed> = fc
  .record({ min: fc.integer({ min: -1000, max: 1000 }), width: fc.integer({ min: 1, max: 1000 }) })
  .chain(({ min, width }) =>
    fc.record({
      element: fc.constantFrom('text', 'slider').map((type) => ({
        type,
        ...(type === 'text' ? { inputType: 'number' } : {}),
        min,
        max: min + width,
      })),
      data: orNothing(fc.integer({ min, max: min + width })),
    }),
  );
const matrix: fc.Arbitrary<Closed> = fc.tuple(values(1), values(2)).chain(([rows, columns]) =>
  fc.record({
    element: fc.record({ type: fc.constant('matrix'), rows: items(rows), columns: items(columns) }),
    data: orNothing(
      fc
        .tuple(fc.constantFrom(...rows), fc.constantFrom(...columns))
        .map(([row, column]) => ({ [String(row)]: column })),
    ),
  }),
);
const several: fc.Arbitrary<Closed> = values(1).chain((choices) =>
  fc.record({
    element: fc.record({ type: fc.constantFrom('checkbox', 'tagbox'), choices: items(choices) }),
    data: orNothing(fc.subarray(choices, { minLength: 1 })),
  }),
);

/** A definition of closed questions, no two of which can have the same words, and data of it. */
const survey = fc
  .uniqueArray(fc.tuple(name, fc.oneof(choice, rating, yesNo, number, matrix, several)), {
    minLength: 1,
    maxLength: 5,
    selector: ([key]) => key.toLowerCase(),
  })
  .map((questions) => ({
    definition: {
      pages: questions.map(([key, { element }], i) => ({
        elements: [{ ...element, name: key, title: { default: `${i} ${key}`, de: `${i}. ${key}` } }],
      })),
    },
    data: Object.fromEntries(questions.flatMap(([key, { data }]) => (data === undefined ? [] : [[key, data]]))),
    itemByItem: questions.flatMap(([key, { element }]) =>
      /checkbox|tagbox/.test(String(element['type'])) ? [key] : [],
    ),
    locale: 'de',
  }));

const study = {
  id: 'closed',
  title: 'Closed',
  epsilon: 4,
  groups: { attribute: 'team', label: 'Team', values: [{ id: 'blue', label: 'Blue' }] },
  publishing: { minimumGroupSize: 3, maximumMargin: 0.5 },
};

test('[S2] every closed definition becomes a manifest, with a mapping that fits it and nothing left out', () => {
  fc.assert(
    fc.property(survey, ({ definition, itemByItem, locale }) => {
      const { manifest, mapping, unmapped } = manifestFromSurveyJs(definition, { ...study, itemByItem, locale });
      expect(unmapped).toEqual([]);
      expect(parseManifest(JSON.parse(JSON.stringify(manifest)))).toEqual(manifest);
      checkMapping(JSON.parse(JSON.stringify(mapping)), manifest);
    }),
    { numRuns: 50 },
  );
});

test('answers fit their questions, and give the data back that they were read from', () => {
  fc.assert(
    fc.property(survey, ({ definition, data, itemByItem }) => {
      const { manifest, mapping } = manifestFromSurveyJs(definition, { ...study, itemByItem });
      const answers = answersFromSurveyJs(data, mapping);
      for (const question of manifest.survey!.questions) checkAnswer(question, answers[question.id]!);
      expect(Object.keys(answers)).toHaveLength(manifest.survey!.questions.length);
      expect(sorted(dataFromAnswers(answers, mapping))).toEqual(sorted(data));
    }),
    { numRuns: 50 },
  );
});

/** The data with its lists in one order: which item was chosen first means nothing. */
function sorted(data: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(data).map(([key, one]) => [
      key,
      Array.isArray(one) ? one.toSorted((a, b) => (String(a) < String(b) ? -1 : 1)) : one,
    ]),
  );
}
