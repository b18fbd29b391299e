import { expect, test } from 'vitest';
import { answersFromSurveyJs, dataFromAnswers } from './answers-from-surveyjs.ts';
import type { AnswerSource, SurveyJsMapping } from './mapping.ts';

const of = (source: object): SurveyJsMapping => ({
  study: 's',
  questions: { q: { question: 'Q', key: 'k', ...source } as AnswerSource },
});
const listed = of({
  kind: 'listed',
  answers: [
    [1, 'one'],
    ['refused', null],
  ],
  other: 'other',
});
const item = of({ kind: 'item', item: 2, refused: 'refused' });

test.each([
  ['a number', of({ kind: 'number' }), { k: 4 }, 4],
  ['a number that was typed', of({ kind: 'number' }), { k: '4.5' }, 4.5],
  ['nothing', of({ kind: 'number' }), {}, null],
  ['an empty text', of({ kind: 'number' }), { k: '' }, null],
  ['a choice', listed, { k: 1 }, 'one'],
  ['a choice as text', listed, { k: '1' }, 'one'],
  ['a refusal', listed, { k: 'refused' }, null],
  ['something else than the choices', listed, { k: 'my own words' }, 'other'],
  ['an item that was chosen', item, { k: [1, 2] }, true],
  ['an item that was not', item, { k: ['none'] }, false],
  ['a refusal about items', item, { k: ['refused'] }, null],
  ['a row', of({ kind: 'number', row: 'r' }), { k: { r: 3 } }, 3],
  ['a row that was left empty', of({ kind: 'number', row: 'r' }), { k: { other: 3 } }, null],
  ['a name of every object', { ...listed, questions: { q: { ...listed.questions['q']!, key: 'toString' } } }, {}, null],
])('reads %s', (_, mapping, data, answer) => {
  expect(answersFromSurveyJs(data, mapping)).toEqual({ q: answer });
});

test.each([
  [of({ kind: 'number' }), { k: 'secret' }, 'the answer to Q is not a number'],
  [of({ kind: 'number' }), { k: Infinity }, 'the answer to Q is not a number'],
  [of({ kind: 'listed', answers: [] }), { k: 'secret' }, 'the answer to Q is not one of its choices'],
  [item, { k: 'secret' }, 'the answer to Q is not a list'],
  [item, 'secret', 'the data of a survey must be an object'],
])('refuses what does not fit, without saying what it was, %#', (mapping, data, message) => {
  expect(() => answersFromSurveyJs(data, mapping)).toThrow(
    expect.objectContaining({ code: 'ANSWER_INVALID', message }),
  );
});

test('gives the data back that answers were read from', () => {
  const mapping: SurveyJsMapping = {
    study: 's',
    questions: {
      a: { question: 'A', key: 'a', kind: 'item', item: 1 },
      b: { question: 'A', key: 'a', kind: 'item', item: 'two' },
      c: { question: 'C', key: 'c', row: 'x', kind: 'number' },
      d: { question: 'C', key: 'c', row: 'y', kind: 'number' },
      e: {
        question: 'E',
        key: 'e',
        kind: 'listed',
        answers: [
          ['ja', true],
          ['nein', false],
        ],
      },
      f: { question: 'F', key: 'f', kind: 'number' },
    },
  };
  const data = { a: ['two'], c: { x: 1, y: 2 }, e: 'nein' };
  expect(dataFromAnswers(answersFromSurveyJs(data, mapping), mapping)).toEqual(data);
  // A study that changed meanwhile may not take the answer any more.
  expect(dataFromAnswers({ e: 'gone' }, mapping)).toEqual({});
});
