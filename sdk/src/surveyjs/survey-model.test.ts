import { Model } from 'survey-core';
import { expect, test } from 'vitest';
import { checkMapping } from './fits-study.ts';
import { manifestFromSurveyJs } from './manifest-from-surveyjs.ts';
import { checkSurvey, letSkip, unmappedNames, visibleAnswers } from './survey-model.ts';

const definition = {
  pages: [
    {
      elements: [
        { type: 'boolean', name: 'manager', isRequired: true },
        {
          type: 'panel',
          name: 'team',
          visibleIf: '{manager} = true',
          elements: [{ type: 'rating', name: 'size', requiredIf: 'true' }],
        },
        {
          type: 'matrix',
          name: 'climate',
          eachRowRequired: true,
          columns: [1, 2, 3],
          rows: ['peers', { value: 'reports', visibleIf: '{manager} = true' }],
        },
        { type: 'comment', name: 'why', isRequired: true },
      ],
    },
    { visibleIf: '{manager} = true', elements: [{ type: 'radiogroup', name: 'load', choices: ['low', 'high'] }] },
  ],
};
const { manifest, mapping } = manifestFromSurveyJs(definition, {
  id: 'visible',
  title: 'Visible',
  epsilon: 4,
  groups: { attribute: 'team', label: 'Team', values: [{ id: 'blue', label: 'Blue' }] },
  publishing: { minimumGroupSize: 3, maximumMargin: 0.5 },
});
const all = { manager: true, size: 4, climate: { peers: 2, reports: 3 }, load: 'high', why: 'secret' };

function surveyWith(data: object): Model {
  const survey = new Model(definition);
  survey.data = data;
  return survey;
}

test('[U10] what is invisible is not answered, though the data still holds it', () => {
  const survey = surveyWith(all);
  const said = { manager: true, size: 4, 'climate-peers': 2, 'climate-reports': 3, load: 'high' };
  expect(visibleAnswers(survey, mapping)).toEqual(said);
  survey.setValue('manager', false);
  expect(survey.data).toMatchObject({ size: 4, load: 'high' });
  const less = { manager: false, size: null, 'climate-reports': null, load: null };
  expect(visibleAnswers(survey, mapping)).toEqual({ ...said, ...less });
});

test('[U10] every question may be left empty', () => {
  const survey = surveyWith({ manager: true });
  expect(survey.validate()).toBe(false);
  letSkip(survey);
  survey.setValue('manager', true);
  expect(survey.validate()).toBe(true);
  expect(survey.tryComplete()).toBe(true);
});

test('[U10] names of what is not in the study are known, comments beside choices too', () => {
  expect(unmappedNames(surveyWith({ ...all, 'load-Comment': 'secret' }), mapping)).toEqual(['why', 'load-Comment']);
  expect(unmappedNames(surveyWith({}), mapping)).toEqual([]);
});

test('a survey that lacks a question of the mapping, or would send answers, is refused', () => {
  checkSurvey(new Model(definition), mapping);
  const other = new Model({ elements: [{ type: 'boolean', name: 'manager' }] });
  const code = 'MANIFEST_MISMATCH';
  expect(() => checkSurvey(other, mapping)).toThrow(
    expect.objectContaining({ code, message: 'the survey has no question size' }),
  );
  const sending = new Model({ ...definition, surveyPostId: 'x' });
  expect(() => checkSurvey(sending, mapping)).toThrow(expect.objectContaining({ code: 'MANIFEST_INVALID' }));
});

test('[S1] a mapping of another study, or of other questions, is refused', () => {
  const { load, ...rest } = mapping.questions;
  const check =
    (questions: object, study = mapping.study) =>
    () =>
      checkMapping({ study, questions: questions as typeof mapping.questions }, manifest);
  check(mapping.questions)();
  expect(check(mapping.questions, 'other')).toThrow(expect.objectContaining({ code: 'MANIFEST_MISMATCH' }));
  expect(check(rest)).toThrow('the mapping lacks question load');
  expect(check({ ...mapping.questions, extra: load })).toThrow('the study has no question extra');
  for (const source of [{ ...load, answers: [['low', 'gone']] }, { kind: 'number' }, { kind: 'item', item: 1 }])
    expect(check({ ...rest, load: source })).toThrow('load: its mapping does not give');
});
