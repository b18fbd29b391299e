import { planQuestion } from '@chorale/privacy/forecast';
import { parseManifest } from '@chorale/protocol';
import { describe, expect, test } from 'vitest';
import pulse from '../../studies/pulse-demo.json' with { type: 'json' };
import { emptyStudy, fromManifest, identifierOf, toManifest } from './study-form.ts';
import { forecastSurvey, isHopeless, surveyOf } from './survey-forecast.ts';

const manifest = parseManifest(pulse);
const groups = [
  { id: 'sales', label: 'Sales', respondents: 600 },
  { id: 'legal', label: 'Legal', respondents: 40 },
];

describe('forecastSurvey', () => {
  test('gives each question the figures that `chorale plan` has for it', () => {
    const forecast = forecastSurvey(surveyOf(manifest)!, groups);
    expect(forecast.map(({ question }) => question.id)).toEqual(manifest.survey!.questions.map(({ id }) => id));
    const [recommend, workload] = forecast;
    const shared = { epsilon: 4, questions: 8, minimumGroupSize: 10 };
    // chorale plan --question scale:11 --report enps --epsilon 4 --questions 8 --respondents 640 --group-size 10
    expect(recommend!.all).toEqual(
      planQuestion({
        question: { type: 'scale', options: 11, minimum: 0 },
        report: 'enps',
        respondents: 640,
        ...shared,
      }),
    );
    const favourable = {
      question: { type: 'scale', options: 5, minimum: 1 },
      report: 'favourable',
      ...shared,
    } as const;
    expect(workload!.all).toEqual(planQuestion({ ...favourable, respondents: 640 }));
    expect(workload!.groups.map(({ plan }) => plan)).toEqual(
      [600, 40].map((respondents) => planQuestion({ ...favourable, respondents })),
    );
    expect(workload!.groups[1]!.plan.verdict).toBe('hidden');
  });

  test('knows a hopeless question', () => {
    const survey = { ...surveyOf(manifest)!, epsilon: 0.1 };
    expect(forecastSurvey(survey, groups).every(isHopeless)).toBe(true);
    const one = { epsilon: 4, minimumGroupSize: 10, questions: manifest.survey!.questions.slice(1, 2) };
    expect(forecastSurvey(one, groups).some(isHopeless)).toBe(false);
  });
});

describe('a study form', () => {
  test('gives back an imported manifest as it was, with what it does not edit', () => {
    const training = { rounds: 3 };
    const form = fromManifest({ ...manifest, training } as never, emptyStudy());
    expect(toManifest(form)).toEqual({ ...manifest, training });
    expect(form.groups.rows[0]).toMatchObject({ id: 'sales', headcount: 400 });
  });

  test('keeps head counts and benchmarks of an imported manifest, but for those of a question that is gone', () => {
    const questions = manifest.survey!.questions;
    const benchmarks = questions
      .slice(0, 2)
      .map(({ id }) => ({ question: id, value: 0.5, source: 'a sector', year: 2025 }));
    const values = manifest.groups.values.map((group, i) => ({ ...group, headcount: 50 + i }));
    const given = parseManifest({
      ...manifest,
      groups: { ...manifest.groups, values },
      survey: { ...manifest.survey!, benchmarks },
    });
    const form = fromManifest(given, emptyStudy());
    expect(toManifest(form)).toEqual(given);
    expect(form.groups.rows.map(({ headcount }) => headcount)).toEqual(values.map(({ headcount }) => headcount));
    expect(toManifest({ ...form, questions: questions.slice(1) })).toMatchObject({
      survey: { benchmarks: benchmarks.slice(1) },
    });
  });

  test('needs nothing but a title and the words of its question', () => {
    const form = emptyStudy();
    form.title = 'Café pulse, autumn 2026';
    form.questions[0]!.text = 'My workload is manageable.';
    expect(parseManifest(toManifest(form))).toMatchObject({ id: 'cafe-pulse-autumn-2026' });
  });

  test.each([
    ['  Ärger & Freude! ', 'arger-freude'],
    ['x'.repeat(80), 'x'.repeat(64)],
    ['—', ''],
  ])('makes an identifier of %j', (text, id) => expect(identifierOf(text)).toBe(id));
});
