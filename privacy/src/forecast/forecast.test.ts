import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../testing/seeded-random.ts';
import { multinomial } from '../../testing/trinomial.ts';
import { estimateShares } from '../estimation/estimate-shares.ts';
import { planQuestion, type PlanOptions } from './forecast.ts';
import { numericMean } from '../mechanisms/numeric-mean.ts';
import { questionSampling } from '../mechanisms/question-sampling.ts';
import { randomizedResponse } from '../mechanisms/randomized-response.ts';

const favourable: PlanOptions = { question: { type: 'yesno' }, report: 'favourable', epsilon: 2, respondents: 500 };
const scale: PlanOptions = { question: { type: 'scale', options: 5 }, report: 'mean', epsilon: 1, respondents: 500 };

const plan = (options: Partial<PlanOptions>) => () => planQuestion({ ...favourable, ...options });

describe('questionSampling', () => {
  it('splits epsilon only where it is worth it', () => {
    expect(questionSampling({ questions: 1, epsilon: 8 })).toEqual({ questionsPerDevice: 1, epsilonPerQuestion: 8 });
    expect(questionSampling({ questions: 10, epsilon: 1 })).toEqual({ questionsPerDevice: 1, epsilonPerQuestion: 1 });
    expect(questionSampling({ questions: 10, epsilon: 5 })).toEqual({ questionsPerDevice: 2, epsilonPerQuestion: 2.5 });
    expect(questionSampling({ questions: 2, epsilon: 20 })).toEqual({ questionsPerDevice: 2, epsilonPerQuestion: 10 });
    expect(() => questionSampling({ questions: 0, epsilon: 1 })).toThrow('questions must be');
    expect(() => questionSampling({ questions: 1, epsilon: 0 })).toThrow('epsilon must be');
  });
});

describe('planQuestion', () => {
  it('counts "no answer" as a letter: three for yes/no and favourable, one more than the options for a distribution', () => {
    const e = Math.exp(2);
    const letters = (options: PlanOptions) =>
      Math.round((e * (1 - planQuestion(options).p!)) / planQuestion(options).p!) + 1;
    expect(letters(favourable)).toBe(3);
    expect(letters({ ...favourable, question: { type: 'scale', options: 7 } })).toBe(3);
    expect(letters({ ...favourable, question: { type: 'choice', options: 7 }, report: 'distribution' })).toBe(8);
    expect(planQuestion(favourable)).toMatchObject({
      mechanism: 'randomized-response',
      realizedEpsilon: expect.closeTo(2, 11),
    });
    expect(planQuestion(scale)).toMatchObject({ mechanism: 'hybrid-with-no-answer', p: null, q: null });
  });

  it('states the mechanism error by its formula, and with sampled questions the drawing of those asked', () => {
    const { p, q } = randomizedResponse({ options: 3, epsilon: 2 });
    const f = 0.3;
    const noise = (f * p * (1 - p) + (1 - f) * q * (1 - q)) / (p - q) ** 2;
    expect(planQuestion({ ...favourable, share: f }).standardError).toBeCloseTo(Math.sqrt(noise / 500), 12);
    // Four questions at epsilon 2: one each, 125 people asked.
    const sampled = planQuestion({ ...favourable, share: f, questions: 4 }).standardError;
    expect(sampled).toBeCloseTo(Math.sqrt(noise / 125 + ((f * (1 - f)) / 125) * (375 / 499)), 12);
    const worst = planQuestion(favourable).standardError;
    for (const share of [0, 0.25, 0.5, 1])
      expect(planQuestion({ ...favourable, share }).standardError).toBeLessThanOrEqual(worst);
  });

  it('states a margin that simulated results have on average', () => {
    const share = 0.4;
    const { margin95 } = planQuestion({ ...favourable, share });
    const channel = randomizedResponse({ options: 3, epsilon: 2 });
    const random = seededRandom(1);
    const probabilities = [share, 1 - share, 0].map((part) => channel.q + part * (channel.p - channel.q));
    const repeats = 300;
    let sum = 0;
    for (let repeat = 0; repeat < repeats; repeat += 1) {
      const counts = multinomial(500, probabilities, random);
      const [estimate] = estimateShares({ channel, counts, noAnswer: 2, confidence: 0.95 }).shares;
      sum += (estimate!.upper - estimate!.lower) / 2;
    }
    expect(sum / repeats / margin95).toBeCloseTo(1, 1);
  });

  it('finds the fewest respondents for the margin', () => {
    const plans: [PlanOptions, number][] = [
      [favourable, 0.05],
      [{ ...favourable, share: 0.1, epsilon: 4 }, 0.05],
      [{ ...favourable, questions: 5 }, 0.05],
      [scale, 0.4],
      [{ ...scale, question: { type: 'number', minimum: -10, maximum: 10 }, share: 0.5 }, 2],
    ];
    for (const [options, target] of plans) {
      const { minimumRespondents } = planQuestion(options);
      expect(planQuestion({ ...options, respondents: minimumRespondents }).margin95).toBeLessThanOrEqual(target);
      expect(planQuestion({ ...options, respondents: minimumRespondents - 1 }).margin95).toBeGreaterThan(target);
    }
  });

  it('promises less for less epsilon, fewer respondents and more questions', () => {
    for (const options of [favourable, scale, { ...favourable, report: 'distribution' as const }]) {
      const { margin95 } = planQuestion(options);
      expect(planQuestion({ ...options, epsilon: options.epsilon / 2 }).margin95).toBeGreaterThan(margin95);
      expect(planQuestion({ ...options, respondents: 200 }).margin95).toBeGreaterThan(margin95);
      expect(planQuestion({ ...options, questions: 3 }).margin95).toBeGreaterThan(margin95);
    }
  });

  it('states the error of a mean by its mechanism, the worst or at a position', () => {
    const channel = numericMean({ epsilon: 1 });
    expect(planQuestion(scale).standardError).toBeCloseTo(2 * Math.sqrt(channel.worstCaseVariance / 500), 12);
    expect(planQuestion({ ...scale, share: 0.75 }).standardError).toBeCloseTo(
      2 * Math.sqrt(channel.variance(0.5) / 500),
      12,
    );
  });

  it('scales means with the question', () => {
    const unit = planQuestion({ ...scale, question: { type: 'number', minimum: 0, maximum: 1 } });
    const wide = planQuestion({ ...scale, question: { type: 'scale', options: 11, minimum: 0 } });
    expect(wide.standardError / unit.standardError).toBeCloseTo(10, 9);
    expect(wide.margin95 / unit.margin95).toBeCloseTo(10, 9);
    expect(wide.minimumRespondents).toBe(unit.minimumRespondents);
  });

  it('says in a sentence what to expect', () => {
    expect(planQuestion(favourable).verdict).toMatch(/^(Readable|Rough): expect ±\d\.\d points with 95% confidence/);
    expect(planQuestion({ ...favourable, respondents: 5_000 }).verdict).toMatch(/^Readable: /);
    expect(planQuestion({ ...favourable, epsilon: 0.5 }).verdict).toMatch(
      /^Too noisy: .* respondents are needed for ±5.0 points\.$/,
    );
    expect(planQuestion({ ...scale, epsilon: 0.1, respondents: 20 })).toMatchObject({
      margin95: Infinity,
      verdict: expect.stringMatching(/^Too noisy: no margin/),
    });
    expect(planQuestion({ ...favourable, questions: 100, minimumGroupSize: 10 }).verdict).toMatch(
      /^Hidden: about 5 people/,
    );
  });

  it('refuses reports that a question cannot give, other mechanisms and bad numbers', () => {
    expect(plan({ report: 'mean' })).toThrow('report must be favourable or distribution for a yesno, got mean');
    expect(plan({ question: { type: 'number', minimum: 0, maximum: 1 } })).toThrow('report must be mean for a number');
    expect(plan({ question: { type: 'number', minimum: 1, maximum: 1 }, report: 'mean' })).toThrow('minimum must be');
    expect(plan({ question: { type: 'choice', options: 1 }, report: 'distribution' })).toThrow('options must be');
    expect(plan({ question: { type: 'scale', options: 1 }, report: 'mean' })).toThrow('options must be');
    expect(plan({ mechanism: 'grr' })).not.toThrow();
    expect(plan({ mechanism: 'laplace' })).toThrow(
      'mechanism must be randomized-response for this question, got laplace',
    );
    expect(plan({ epsilon: 0 })).toThrow('epsilon must be');
    expect(plan({ respondents: 1.5 })).toThrow('respondents must be');
    expect(plan({ share: 2 })).toThrow('share must be');
    expect(plan({ minimumGroupSize: 0 })).toThrow('minimumGroupSize must be');
  });
});
