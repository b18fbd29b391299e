import type { Question } from '@chorale/protocol';
import { expect, test } from 'vitest';
import { AnswersDraft } from './answers-draft.ts';

const pay: Question = { id: 'pay', text: 'Your pay?', type: 'number', minimum: 0, maximum: 9000, report: 'mean' };
const leaving: Question = { id: 'leaving', text: 'Are you leaving?', type: 'yesno', report: 'favourable' };

test('a number that is being typed is kept as it stands, and answers nothing until it is one', () => {
  const draft = new AnswersDraft();
  draft.answer(leaving, false);
  draft.type(pay, '3 2oo');
  expect(draft.texts).toEqual({ pay: '3 2oo' });
  expect(draft.answers).toEqual({ leaving: false, pay: null });
  expect(draft.wrongOf([leaving, pay])).toEqual([pay]);
  draft.type(pay, '3 200');
  expect(draft.answers).toEqual({ leaving: false, pay: 3200 });
  expect(draft.wrongOf([leaving, pay])).toEqual([]);
});

test('what an earlier visit kept is gone on from, and is not saved any more once it changes', () => {
  const draft = new AnswersDraft();
  draft.restore({ pay: 3200, leaving: true });
  expect(draft.texts).toEqual({ pay: '3200' });
  draft.isSaved = true;
  draft.answer(leaving, null);
  expect(draft.isSaved).toBe(false);
  draft.restore(null);
  expect(draft).toMatchObject({ answers: {}, texts: {} });
});
