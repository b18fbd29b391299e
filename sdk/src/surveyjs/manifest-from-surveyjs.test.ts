import { expect, test } from 'vitest';
import { manifestFromSurveyJs, type SurveyJsStudy } from './manifest-from-surveyjs.ts';

const study: SurveyJsStudy = {
  id: 'table',
  title: 'Table',
  epsilon: 4,
  groups: { attribute: 'team', label: 'Team', values: [{ id: 'blue', label: 'Blue' }] },
  publishing: { minimumGroupSize: 3, maximumMargin: 0.5 },
};

const map = (element: object, more: Partial<SurveyJsStudy> = {}) =>
  manifestFromSurveyJs({ elements: [{ name: 'q', title: 'Q?', ...element }, anchor] }, { ...study, ...more });
/** A survey needs one question that can be mapped. */
const anchor = { type: 'boolean', name: 'anchor' };
const mapped = (element: object, more: Partial<SurveyJsStudy> = {}) => {
  const { manifest, mapping } = map(element, more);
  const questions = manifest.survey!.questions.filter(({ id }) => id !== 'anchor');
  return questions.map((question) => ({ question, source: mapping.questions[question.id]! }));
};
const place = { question: 'q', key: 'q' };
const list = [{ value: 'a', text: 'Apple' }, 'b|Pear'];

test.each([
  ['a rating', { type: 'rating' }, { minimum: 1, maximum: 5, report: 'favourable', favourableFrom: 4 }],
  ['a rating of 1 to 10', { type: 'rating', rateMax: 10 }, { minimum: 1, maximum: 10, favourableFrom: 7 }],
  ['a rating of 1 to 4', { type: 'rating', rateMax: 4 }, { minimum: 1, maximum: 4, favourableFrom: 3 }],
  ['a rating of 0 to 10', { type: 'rating', rateMin: 0, rateMax: 10 }, { minimum: 0, maximum: 10, report: 'enps' }],
  [
    'a rating with words at its ends',
    { type: 'rating', minRateDescription: 'Never', maxRateDescription: 'Always' },
    { minimumLabel: 'Never', maximumLabel: 'Always' },
  ],
  [
    'a rating of named numbers',
    { type: 'rating', rateValues: [{ value: 1, text: 'Low' }, 2, { value: 3, text: 'High' }] },
    { minimum: 1, maximum: 3, minimumLabel: 'Low', maximumLabel: 'High', favourableFrom: 3 },
  ],
])('%s is a scale', (_, element, expected) => {
  const [{ question, source }] = mapped(element) as [ReturnType<typeof mapped>[number]];
  expect(question).toMatchObject({ type: 'scale', id: 'q', text: 'Q?', ...expected });
  expect(source).toEqual({ ...place, kind: 'number' });
});

test.each([
  ['radiogroup', { choices: list }],
  ['dropdown', { choices: list }],
  ['buttongroup', { choices: list }],
  ['imagepicker', { choices: [list[0], { value: 'b', text: 'Pear' }] }],
  ['rating', { rateValues: list }],
])('one choice of a %s is a choice', (type, rest) => {
  expect(mapped({ type, ...rest })).toEqual([
    {
      question: {
        type: 'choice',
        id: 'q',
        text: 'Q?',
        options: [
          { id: 'a', label: 'Apple' },
          { id: 'b', label: 'Pear' },
        ],
        report: 'distribution',
      },
      source: {
        ...place,
        kind: 'listed',
        answers: [
          ['a', 'a'],
          ['b', 'b'],
        ],
      },
    },
  ]);
});

test('steps that are no whole numbers in a row, and numbers that a dropdown counts out, are choices', () => {
  const steps = mapped({ type: 'rating', rateMin: 0, rateMax: 1, rateStep: 0.5 })[0]!;
  expect(steps.source).toMatchObject({
    answers: [
      [0, '0'],
      [0.5, '0-5'],
      [1, '1'],
    ],
  });
  const counted = mapped({ type: 'dropdown', choicesMin: 1, choicesMax: 3 })[0]!;
  expect(counted.source).toMatchObject({
    answers: [
      [1, '1'],
      [2, '2'],
      [3, '3'],
    ],
  });
});

test('“none”, “don’t know” and “other” are options, refusing to answer is no answer', () => {
  const special = { showNoneItem: true, showDontKnowItem: true, showOtherItem: true, showRefuseItem: true };
  const { manifest, mapping, unmapped } = map({ type: 'radiogroup', choices: ['a'], ...special });
  expect(manifest.survey!.questions[0]).toMatchObject({
    options: [{ id: 'a' }, { id: 'none' }, { id: 'dontknow' }, { id: 'other', label: 'Other (describe)' }],
  });
  expect(mapping.questions['q']).toMatchObject({
    answers: [
      ['a', 'a'],
      ['none', 'none'],
      ['dontknow', 'dontknow'],
      ['other', 'other'],
      ['refused', null],
    ],
    other: 'other',
  });
  expect(unmapped).toEqual([{ name: 'q-Comment', type: 'radiogroup', reason: 'free-text-comment' }]);
});

test('a boolean is yes or no, with labels of its own a choice', () => {
  expect(mapped({ type: 'boolean' })).toEqual([
    {
      question: { type: 'yesno', id: 'q', text: 'Q?', report: 'favourable' },
      source: {
        ...place,
        kind: 'listed',
        answers: [
          [true, true],
          [false, false],
        ],
      },
    },
  ]);
  const own = { type: 'boolean', labelTrue: 'Office', labelFalse: 'Home', valueTrue: 'o', valueFalse: 'h' };
  expect(mapped(own)[0]).toMatchObject({
    question: { type: 'choice', options: [{ label: 'Office' }, { label: 'Home' }] },
    source: {
      answers: [
        ['o', 'o'],
        ['h', 'h'],
      ],
    },
  });
});

test.each([
  ['a bounded number', { type: 'text', inputType: 'number', min: 0, max: '80' }, 0, 80],
  ['a slider', { type: 'slider', max: 10 }, 0, 10],
])('%s is a mean', (_, element, minimum, maximum) => {
  expect(mapped(element)).toEqual([
    {
      question: { type: 'number', id: 'q', text: 'Q?', minimum, maximum, report: 'mean' },
      source: { ...place, kind: 'number' },
    },
  ]);
});

test('each row of a matrix of one choice is a question', () => {
  const rows = ['Pay', { value: 'r2', text: 'Rest' }];
  expect(mapped({ type: 'matrix', rows, columns: [1, 2, 3], valueName: 'm' })).toMatchObject([
    { question: { type: 'scale', id: 'q-pay', text: 'Q?: Pay' }, source: { question: 'q', key: 'm', row: 'Pay' } },
    { question: { type: 'scale', id: 'q-r2', text: 'Q?: Rest' }, source: { question: 'q', key: 'm', row: 'r2' } },
  ]);
  expect(mapped({ type: 'matrix', rows, columns: list })[0]).toMatchObject({ question: { type: 'choice' } });
});

test.each(['checkbox', 'tagbox', 'imagepicker'])('a %s is asked item by item where that was asked for', (type) => {
  const element = { type, multiSelect: true, showRefuseItem: true, choices: list.map((_, i) => ({ value: i })) };
  expect(map(element).unmapped).toEqual([{ name: 'q', type, reason: 'several-choices' }]);
  expect(mapped(element, { itemByItem: ['q'] })).toMatchObject([
    { question: { type: 'yesno', id: 'q-0', text: 'Q?: 0' }, source: { kind: 'item', item: 0 } },
    { question: { type: 'yesno', id: 'q-1', text: 'Q?: 1' }, source: { kind: 'item', item: 1 } },
  ]);
});

test.each([
  ['free-text', { type: 'text' }],
  ['free-text', { type: 'text', inputType: 'date', min: '2026-01-01', max: '2026-02-01' }],
  ['free-text', { type: 'comment' }],
  ['free-text', { type: 'multipletext', items: [{ name: 'i' }] }],
  ['file', { type: 'file' }],
  ['file', { type: 'signaturepad' }],
  ['not-a-question', { type: 'html', html: 'Hello' }],
  ['not-a-question', { type: 'image' }],
  ['computed', { type: 'expression', expression: '1 + 1' }],
  ['any-number-of-answers', { type: 'matrixdynamic', columns: [{ name: 'c' }] }],
  ['any-number-of-answers', { type: 'paneldynamic', templateElements: [{ type: 'boolean', name: 'inner' }] }],
  ['any-number-of-answers', { type: 'slider', sliderType: 'range' }],
  ['several-columns', { type: 'matrixdropdown', columns: [{ name: 'c' }], rows: ['r'] }],
  ['ranking', { type: 'ranking', choices: list }],
  ['several-choices', { type: 'checkbox', choices: list }],
  ['several-choices', { type: 'matrix', cellType: 'checkbox', rows: ['r'], columns: list }],
  ['number-without-bounds', { type: 'text', inputType: 'number', min: 0 }],
  ['number-without-bounds', { type: 'text', inputType: 'number', min: 3, max: 3 }],
  ['number-without-bounds', { type: 'text', inputType: 'number', min: 0, max: 1, maxValueExpression: '{a}' }],
  ['options-from-elsewhere', { type: 'dropdown', choicesByUrl: { url: 'https://example.org/countries' } }],
  ['options-from-elsewhere', { type: 'dropdown', choices: list, choicesLazyLoadEnabled: true }],
  ['options-from-elsewhere', { type: 'dropdown', choices: list, allowCustomChoices: true }],
  ['options-from-elsewhere', { type: 'radiogroup', choicesFromQuestion: 'anchor' }],
  ['options-unfit', { type: 'radiogroup', choices: ['only'] }],
  ['options-unfit', { type: 'radiogroup', choices: [{ value: { a: 1 } }, 'b'] }],
  ['options-unfit', { type: 'radiogroup', choices: Array.from({ length: 51 }, (_, i) => `c${i}`) }],
  ['options-unfit', { type: 'matrix', columns: list, rows: [] }],
  ['text-too-long', { type: 'boolean', title: 'x'.repeat(501) }],
  ['text-too-long', { type: 'radiogroup', choices: ['a', { value: 'b', text: 'x'.repeat(501) }] }],
  ['asked-before', { type: 'rating', valueName: 'first' }],
  ['unknown-type', { type: 'imagemap' }],
])('is unmapped as %s, %#', (reason, element) => {
  const first = { type: 'boolean', name: 'first', title: 'First' };
  const { unmapped } = manifestFromSurveyJs({ elements: [first, { name: 'q', ...element }, anchor] }, study);
  expect(unmapped).toEqual([{ name: 'q', type: element.type, reason }]);
});

test('[S6] a question with the words and answers of another is not asked again', () => {
  const twice = ['q', 'r'].map((name) => ({ type: 'rating', name, title: 'Same' }));
  const { manifest, unmapped } = manifestFromSurveyJs({ elements: twice }, study);
  expect(manifest.survey!.questions.map(({ id }) => id)).toEqual(['q']);
  expect(unmapped).toEqual([{ name: 'r', type: 'rating', reason: 'asked-before' }]);
});

test('texts are those of the language that was asked for, else of the default', () => {
  const title = { default: 'How?', de: 'Wie?' };
  const choices = [
    { value: 1, text: { default: 'Well', de: 'Gut' } },
    { value: 2, text: 'Ill' },
  ];
  const texts = (locale?: string) =>
    mapped({ type: 'radiogroup', title, choices }, locale === undefined ? {} : { locale })[0]!.question;
  expect(texts('de')).toMatchObject({ text: 'Wie?', options: [{ label: 'Gut' }, { label: 'Ill' }] });
  expect(texts()).toMatchObject({ text: 'How?', options: [{ label: 'Well' }, { label: 'Ill' }] });
  expect(texts('fr')).toMatchObject({ text: 'How?' });
});

const rating = (name: string, more = {}) => ({ type: 'rating', name, ...more });
const ids = (definition: object) =>
  manifestFromSurveyJs(definition, study).manifest.survey!.questions.map(({ id }) => id);

test('questions are found on pages, in panels and in old definitions, whether visible or not', () => {
  const panel = { type: 'panel', name: 'p', visibleIf: '{a} = 1', elements: [rating('b'), rating('c')] };
  const pages = [{ elements: [rating('a')] }, { elements: [panel, rating('d', { visible: false })] }];
  expect(ids({ pages })).toEqual(['a', 'b', 'c', 'd']);
  expect(ids({ questions: [rating('a')] })).toEqual(['a']);
});

test('names of any kind become identifiers, none of them twice', () => {
  const names = ['Wie geht’s?', 'wie geht s', '日本', 'x'.repeat(90), 'ça va'];
  const { manifest, mapping } = manifestFromSurveyJs(
    { elements: names.map((name) => ({ type: 'boolean', name })) },
    study,
  );
  const given = manifest.survey!.questions.map(({ id }) => id);
  expect(given).toEqual(['wie-geht-s', 'wie-geht-s-2', 'q', 'x'.repeat(56), 'ca-va']);
  expect(given.map((id) => mapping.questions[id]!.question)).toEqual(names);
});

test('what is reported of a scale can be said', () => {
  const reports = { q: { report: 'favourable', favourableFrom: 2 } } as const;
  expect(mapped({ type: 'rating' }, { reports })[0]!.question).toMatchObject(reports.q);
  expect(mapped({ type: 'rating' }, { reports: { q: { report: 'mean' } } })[0]!.question).toMatchObject({
    report: 'mean',
  });
});

const make =
  (definition: unknown, more: Partial<SurveyJsStudy> = {}) =>
  () =>
    manifestFromSurveyJs(definition, { ...study, ...more });

test('[S2] what cannot be a study is refused, with what and where', () => {
  const code = { code: 'MANIFEST_INVALID' };
  for (const definition of [null, [], 'x', { elements: [null] }])
    expect(make(definition)).toThrow(expect.objectContaining(code));
  expect(make({ elements: [] })).toThrow('no question of the survey can be asked privately');
  expect(make({ elements: [anchor, { type: 'nosuch', name: 'q' }] })).toThrow('elements');
  expect(make({ elements: [anchor, { type: 'rating' }] })).toThrow("property 'name'");
  expect(make({ elements: [anchor, { type: 'rating', name: '#' }] })).toThrow('no name');
  expect(make({ elements: [anchor] }, { epsilon: 90 })).toThrow('survey.epsilon');
  expect(make({ elements: [anchor] }, { itemByItem: ['gone'] })).toThrow('no question gone');
  expect(make({ elements: [anchor] }, { reports: { gone: { report: 'mean' } } })).toThrow('no question gone');
  const many = Array.from({ length: 51 }, (_, i) => ({ type: 'boolean', name: `q${i}` }));
  expect(make({ elements: many })).toThrow('survey.questions');
});

test.each([
  [{ surveyPostId: 'x' }, 'survey.surveyPostId'],
  [{ surveyId: 'x' }, 'survey.surveyId'],
  [{ elements: [{ type: 'html', name: 'h', html: '<img src="https://example.org/?a={a}">' }] }, 'elements[0].html'],
  [{ elements: [{ type: 'html', name: 'h', html: { de: '<img src=/p?a={a}>' } }] }, 'elements[0].html.de'],
  [{ elements: [{ type: 'image', name: 'i', imageLink: '/p?a={a}' }] }, 'elements[0].imageLink'],
  [{ elements: [{ type: 'dropdown', name: 'd', choicesByUrl: { url: 'c/{a}' } }] }, 'elements[0].choicesByUrl.url'],
])('a definition that would send answers by itself is refused: %j', (definition, path) => {
  expect(() => manifestFromSurveyJs({ pages: [{ elements: [anchor] }], ...definition }, study)).toThrow(path);
});

test('expressions and texts with answers in them send nothing', () => {
  const text = 'You said {a}/{b}: see https://example.org/help';
  const elements = [anchor, { type: 'rating', name: 'r', title: text, visibleIf: '{a} / {b} > 2' }];
  expect(manifestFromSurveyJs({ elements }, study).manifest.survey!.questions).toHaveLength(2);
});
