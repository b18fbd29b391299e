import { describe, expect, it } from 'vitest';
import { reportTables } from '../../testing/report-table.ts';
import { seededRandom } from '../../testing/seeded-random.ts';
import { multinomial } from '../../testing/trinomial.ts';
import ldp from '../../vectors/ldp.json' with { type: 'json' };
import { countSupport } from '../estimation/count-support.ts';
import { estimateShares } from '../estimation/estimate-shares.ts';
import { planQuestion, type PlanOptions } from './forecast.ts';
import { localHashing } from '../mechanisms/local-hashing.ts';
import { numericMean } from '../mechanisms/numeric-mean.ts';
import { numericMeanVariance, worstNumericMeanVariance } from '../mechanisms/numeric-mean-variance.ts';
import { questionSampling } from '../mechanisms/question-sampling.ts';
import { randomizedResponse, shareVariance } from '../mechanisms/randomized-response.ts';
import { subsetSelection } from '../mechanisms/subset-selection.ts';
import { unaryEncoding } from '../mechanisms/unary-encoding.ts';

const favourable: PlanOptions = { question: { type: 'yesno' }, report: 'favourable', epsilon: 2, respondents: 500 };
const scale: PlanOptions = { question: { type: 'scale', options: 5 }, report: 'mean', epsilon: 1, respondents: 500 };

const verdict = (options: PlanOptions) => planQuestion(options).verdict;

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

const choice = (options: number, epsilon: number) =>
  planQuestion({ question: { type: 'choice', options }, report: 'distribution', epsilon, respondents: 500 });

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

  it('names a set of letters where that has less error, from at most ten thousand sets', () => {
    const best = subsetSelection({ options: 12, epsilon: 1 });
    expect(choice(11, 1)).toMatchObject({ mechanism: 'subset-selection', p: best.p, q: best.q });
    expect(choice(11, 4).mechanism).toBe('randomized-response');
    // Of 101 letters and "no answer" there are 5,151 pairs and too many sets of three.
    expect(choice(101, 1).p).toBe(subsetSelection({ options: 102, epsilon: 1, size: 2 }).p);
    expect(choice(1023, 1).mechanism).toBe('randomized-response');
  });

  it('takes any mechanism that is insisted on', () => {
    const options = { ...favourable, question: { type: 'choice', options: 11 }, report: 'distribution' } as const;
    for (const make of [randomizedResponse, subsetSelection, unaryEncoding, localHashing]) {
      const channel = make({ options: 12, epsilon: 2 });
      const { mechanism, p, q, realizedEpsilon } = channel;
      const found = planQuestion({ ...options, share: 0.2, mechanism });
      expect(found).toMatchObject({ mechanism, p, q, realizedEpsilon });
      const variance = shareVariance({ channel, share: 0.2, respondents: 500, population: 'fixed' });
      expect(found.standardError).toBeCloseTo(Math.sqrt(variance), 12);
      expect(found.margin95).toBeGreaterThan(1.9 * found.standardError);
    }
    for (const [epsilon, mechanism] of [
      [1, 'hybrid-with-no-answer'],
      [0.3, 'duchi-with-no-answer'],
    ] as const) {
      expect(planQuestion({ ...scale, epsilon, mechanism }).mechanism).toBe(mechanism);
    }
  });

  it.each(ldp.rows.multi_question)('asks one of $d questions with the drawing that this adds (epsilon $eps)', (row) => {
    const { standardError } = planQuestion({
      ...favourable,
      epsilon: row.eps,
      respondents: row.n,
      questions: row.d,
      share: row.f,
    });
    const channel = randomizedResponse({ options: 3, epsilon: row.eps });
    const noise = shareVariance({ channel, share: row.f, respondents: row.n / row.d, population: 'fixed' });
    expect(standardError ** 2 - noise).toBeCloseTo(row.sampling_extra_var, 12);
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

  it.each(
    Object.keys(reportTables).flatMap((name) => [
      { name, epsilon: 0.8, respondents: 3_000 },
      { name, epsilon: 3, respondents: 90 },
    ]),
  )('states a margin that $respondents simulated results have on average: $name', ({ name, epsilon, respondents }) => {
    const share = 0.4;
    const question = { type: 'choice', options: 3 } as const;
    const { margin95, mechanism } = planQuestion({
      question,
      report: 'distribution',
      share,
      mechanism: name,
      epsilon,
      respondents,
    });
    const table = reportTables[mechanism as keyof typeof reportTables];
    const { channel, reports, probability } = table({ options: 4, epsilon });
    const random = seededRandom(1);
    const chances = reports.map((_, index) => share * probability(0, index) + (1 - share) * probability(1, index));
    const margin = (times: readonly number[]): number => {
      const support = countSupport({ channel, reports, times, noAnswer: 3 });
      const [estimate] = estimateShares({ ...support, confidence: 0.95 }).shares;
      return (estimate!.upper - estimate!.lower) / 2;
    };
    expect(margin(chances.map((chance) => chance * respondents)) / margin95).toBeCloseTo(1, 9);
    const repeats = 60;
    let sum = 0;
    for (let repeat = 0; repeat < repeats; repeat += 1) sum += margin(multinomial(respondents, chances, random));
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
    expect(planQuestion(scale).standardError).toBeCloseTo(2 * Math.sqrt(worstNumericMeanVariance(channel) / 500), 12);
    expect(planQuestion({ ...scale, share: 0.75 }).standardError).toBeCloseTo(
      2 * Math.sqrt(numericMeanVariance(channel, 0.5) / 500),
      12,
    );
  });

  it('adds the drawing of those who are asked to the error of a mean, too', () => {
    // Four questions at epsilon 1: one each, 125 people asked.
    const channel = numericMean({ epsilon: 1 });
    const drawn = (375 / 499) * (1 - 0.5 ** 2);
    const { standardError } = planQuestion({ ...scale, questions: 4, share: 0.75 });
    expect(standardError).toBeCloseTo(2 * Math.sqrt((numericMeanVariance(channel, 0.5) + drawn) / 125), 12);
    const worst = planQuestion({ ...scale, questions: 4 }).standardError;
    for (const share of [0, 0.25, 0.5, 0.9, 1])
      expect(planQuestion({ ...scale, questions: 4, share }).standardError).toBeLessThanOrEqual(worst);
  });

  it('has an error for a single respondent', () => {
    for (const options of [favourable, scale]) {
      for (const questions of [1, 4]) {
        const { standardError } = planQuestion({ ...options, respondents: 1, questions });
        expect(standardError).toBeGreaterThan(0);
        expect(standardError).toBeLessThan(20);
      }
    }
  });

  it('[E1] states the margin of an eNPS by the variance of reports of half promoters and half detractors', () => {
    const question = { type: 'scale', options: 11 } as const;
    for (const [epsilon, respondents] of [
      [0.5, 40_000],
      [2, 5000],
      [8, 500],
    ] as const) {
      const planned = planQuestion({ question, report: 'enps', epsilon, respondents });
      const { p, q, margin95, standardError } = planned;
      // Randomized response names one of both: a report's variance is p + q, over (p - q)^2 to be unbiased.
      expect(planned.mechanism).toBe('randomized-response');
      const perReport = (100 ** 2 * (p! + q!)) / (p! - q!) ** 2;
      expect(standardError ** 2).toBeCloseTo((perReport - 100 ** 2) / respondents, 9);
      expect(margin95 / (1.96 * Math.sqrt(perReport / respondents))).toBeCloseTo(1, 1);
    }
    const asked = { question, report: 'enps', epsilon: 2, respondents: 5000, share: 0.9 } as const;
    expect(planQuestion(asked).margin95).toBeLessThan(planQuestion({ ...asked, share: 0.5 }).margin95);
    expect(plan({ report: 'enps' })).toThrow('report of a yesno must be favourable or distribution, got enps');
  });

  it('scales means with the question', () => {
    const unit = planQuestion({ ...scale, question: { type: 'number', minimum: 0, maximum: 1 } });
    const wide = planQuestion({ ...scale, question: { type: 'scale', options: 11, minimum: 0 } });
    expect(wide.standardError / unit.standardError).toBeCloseTo(10, 9);
    expect(wide.margin95 / unit.margin95).toBeCloseTo(10, 9);
    expect(wide.minimumRespondents).toBe(unit.minimumRespondents);
  });

  it('says whether results will be readable', () => {
    expect(planQuestion(favourable)).toMatchObject({ asked: favourable.respondents, targetMargin: 0.05 });
    expect(verdict({ ...favourable, respondents: 5_000 })).toBe('readable');
    expect(verdict({ ...favourable, respondents: planQuestion(favourable).minimumRespondents })).toBe('readable');
    expect(verdict({ ...favourable, respondents: planQuestion(favourable).minimumRespondents - 1 })).toBe('rough');
    expect(verdict({ ...favourable, epsilon: 0.5 })).toBe('too-noisy');
    expect(planQuestion({ ...scale, epsilon: 0.1, respondents: 20 })).toMatchObject({
      margin95: Infinity,
      verdict: 'too-noisy',
    });
    const few = planQuestion({ ...favourable, questions: 100, minimumGroupSize: 10 });
    expect(few).toMatchObject({ asked: favourable.respondents / 100, verdict: 'hidden' });
    expect(planQuestion({ ...scale, epsilon: 1e-6 })).toMatchObject({
      minimumRespondents: Infinity,
      targetMargin: 0.4,
      verdict: 'too-noisy',
    });
  });

  it('refuses reports that a question cannot give, other mechanisms and bad numbers', () => {
    expect(plan({ report: 'mean' })).toThrow('report of a yesno must be favourable or distribution, got mean');
    expect(plan({ question: { type: 'number', minimum: 0, maximum: 1 } })).toThrow('report of a number must be mean');
    expect(plan({ question: { type: 'number', minimum: 1, maximum: 1 }, report: 'mean' })).toThrow(
      'maximum - minimum must be finite and > 0, got 0',
    );
    expect(plan({ question: { type: 'choice', options: 1 }, report: 'distribution' })).toThrow('options must be');
    expect(plan({ question: { type: 'scale', options: 1 }, report: 'mean' })).toThrow('options must be');
    for (const report of ['favourable', 'distribution', 'mean'] as const) {
      expect(plan({ question: { type: 'text' } as never, report })).toThrow(
        'question must be scale or choice or yesno or number, got text',
      );
    }
    for (const mechanism of ['laplace', 'hybrid-with-no-answer', 'constructor']) {
      expect(plan({ mechanism })).toThrow(
        'mechanism must be randomized-response or subset-selection or optimized-unary-encoding or ' +
          `optimal-local-hashing, got ${mechanism}`,
      );
    }
    expect(() => planQuestion({ ...scale, mechanism: 'subset-selection' })).toThrow(
      'mechanism must be hybrid-with-no-answer, got subset-selection',
    );
    for (const epsilon of [0, 1e-7]) expect(plan({ epsilon })).toThrow('epsilon must be in [1e-6, 20]');
    expect(plan({ respondents: 1.5 })).toThrow('respondents must be');
    expect(plan({ share: 2 })).toThrow('share must be');
    expect(plan({ minimumGroupSize: 0 })).toThrow('minimumGroupSize must be');
  });
});
