import { type Answers, ChoraleError, type Manifest } from '@chorale/protocol';
import { Model } from 'survey-core';
import { beforeEach, expect, test } from 'vitest';
import type { ChoraleSurvey } from '../elements/chorale-survey.ts';
import type { OwnQuestions } from '../elements/own-questions.ts';
import { attachChorale } from './attach-chorale.ts';
import { manifestFromSurveyJs } from './manifest-from-surveyjs.ts';
import type { AnswerSource } from './mapping.ts';

const definition = {
  elements: [
    { type: 'rating', name: 'mood', isRequired: true, defaultValue: 3 },
    { type: 'radiogroup', name: 'place', choices: ['home', 'office'] },
    { type: 'comment', name: 'why' },
  ],
};
const { manifest, mapping } = manifestFromSurveyJs(definition, {
  id: 'attach',
  title: 'Attach',
  epsilon: 4,
  groups: { attribute: 'team', label: 'Team', values: [{ id: 'blue', label: 'Blue' }] },
  publishing: { minimumGroupSize: 3, maximumMargin: 0.5 },
});

/** What an element does with the questions of a page; `e2e/scenarios/surveyjs.e2e.ts` has the real one. */
class AskingElement extends EventTarget {
  questions: OwnQuestions | undefined;
  readonly saved: Answers[] = [];
  readonly sent: Answers[] = [];
  readonly failed: unknown[] = [];

  /** The study is open, and somebody takes part. */
  ask(answers: Answers = {}, of: Manifest = manifest): void {
    this.questions!.check(of);
    this.questions!.ask({
      answers,
      save: (now) => this.saved.push(now),
      send: (now) => this.sent.push(now),
      fail: (error) => this.failed.push(error),
    });
  }
}

let element: AskingElement;
let model: Model;
let unmapped: (readonly string[])[];
let detach: () => void;

beforeEach(() => {
  element = new AskingElement();
  model = new Model(definition);
  unmapped = [];
  const onUnmapped = (names: readonly string[]) => unmapped.push(names);
  detach = attachChorale(model, element as unknown as ChoraleSurvey, { mapping, onUnmapped });
});

test('[U10] nothing is handed over before somebody takes part', () => {
  model.setValue('place', 'home');
  expect(model.tryComplete()).toBe(false);
  expect([element.saved, element.sent]).toEqual([[], []]);
});

test('[U10] what is mapped is kept with every change, and sent once the survey is completed', () => {
  element.ask();
  model.setValue('place', 'office');
  expect(element.saved.at(-1)).toEqual({ mood: 3, place: 'office' });
  model.setValue('why', 'secret');
  model.tryComplete();
  expect(element.sent).toEqual([{ mood: 3, place: 'office' }]);
  expect(unmapped).toEqual([['why']]);
});

test('[U10] the survey never ends, so that no handler of the page gets its data', () => {
  const completed: unknown[] = [];
  model.onComplete.add(({ data }) => completed.push(data));
  element.ask();
  model.tryComplete();
  expect(element.sent).toHaveLength(1);
  expect([completed, model.state]).toEqual([[], 'running']);
});

test('a handler that was there before may forbid completing', () => {
  detach();
  let allow = false;
  model.onCompleting.add((_, completing) => void (completing.allow = allow));
  attachChorale(model, element as unknown as ChoraleSurvey, { mapping });
  element.ask();
  model.tryComplete();
  expect(element.sent).toEqual([]);
  allow = true;
  model.tryComplete();
  expect(element.sent).toHaveLength(1);
});

test('what an earlier visit kept is shown, once, in the place of defaults', () => {
  element.ask({ mood: 5, place: 'home' });
  expect(model.data).toEqual({ mood: 5, place: 'home' });
  model.setValue('mood', 1);
  element.ask({ mood: 5, place: 'home' });
  expect(model.data).toEqual({ mood: 1, place: 'home' });
});

test('an answer that the mapping does not know is an error, and nothing is sent', () => {
  detach();
  const place: AnswerSource = { question: 'place', key: 'place', kind: 'listed', answers: [['home', 'home']] };
  const narrow = { ...mapping, questions: { ...mapping.questions, place } };
  attachChorale(model, element as unknown as ChoraleSurvey, { mapping: narrow });
  element.ask();
  model.setValue('place', 'office');
  model.tryComplete();
  expect(element.sent).toEqual([]);
  expect(element.failed.at(-1)).toMatchObject({
    code: 'ANSWER_INVALID',
    message: expect.not.stringContaining('office'),
  });
});

test('[S1] a study that the mapping was not made for is refused', () => {
  expect(() => element.ask({}, { ...manifest, id: 'other' })).toThrow(ChoraleError);
  expect(element.sent).toEqual([]);
});

test('what was answered is forgotten once it was erased', () => {
  element.ask();
  model.setValue('place', 'home');
  element.dispatchEvent(new Event('chorale:erased'));
  expect(model.data).toEqual({ mood: 3 });
});

test('a survey that was let go of is its own again', () => {
  element.ask();
  detach();
  expect(element.questions).toBeUndefined();
  model.setValue('place', 'home');
  expect(model.tryComplete()).toBe(true);
  expect([element.saved, element.sent]).toEqual([[], []]);
});
