import { planQuestion, type PlanOptions } from '@chorale/privacy/forecast';
import { expect, it } from 'vitest';
import { questionVerdict } from './question-verdict.ts';

const favourable: PlanOptions = { question: { type: 'yesno' }, report: 'favourable', epsilon: 1, respondents: 1_000 };
const scale: PlanOptions = { question: { type: 'scale', options: 5 }, report: 'mean', epsilon: 1, respondents: 500 };
const verdict = ({ minimumGroupSize = 1, ...options }: PlanOptions): string =>
  questionVerdict(planQuestion({ ...options, minimumGroupSize }), { report: options.report, minimumGroupSize });

it('says in a sentence what to expect', () => {
  expect(verdict(favourable)).toMatch(
    /^Rough: expect ±\d\.\d points with 95% confidence; [\d,]+ respondents are needed for ±5\.0 points\.$/,
  );
  expect(verdict({ ...favourable, respondents: 5_000 })).toMatch(
    /^Readable: expect ±\d\.\d points with 95% confidence\.$/,
  );
  expect(verdict({ ...favourable, epsilon: 0.5 })).toMatch(/^Too noisy: .* respondents are needed for ±5.0 points\.$/);
  expect(verdict({ ...scale, epsilon: 0.1, respondents: 20 })).toMatch(/^Too noisy: no margin/);
  expect(verdict({ ...favourable, questions: 100, minimumGroupSize: 20 })).toMatch(/^Hidden: about 10 people/);
  expect(verdict({ ...favourable, questions: 100, respondents: 50 })).toBe(
    'Hidden: fewer than one person would answer this question and results need 1.',
  );
  expect(verdict({ ...scale, epsilon: 1e-6 })).toBe(
    'Too noisy: no margin can be given for so few; no number of respondents would be enough for ±0.4 on the scale.',
  );
});
