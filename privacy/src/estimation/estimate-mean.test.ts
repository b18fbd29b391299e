import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../testing/seeded-random.ts';
import { multinomial } from '../../testing/trinomial.ts';
import { clopperPearson } from './binomial-intervals.ts';
import { estimateMean } from './estimate-mean.ts';
import { numericMean, type NumericMean } from '../mechanisms/numeric-mean.ts';
import { numericMeanVariance } from '../mechanisms/numeric-mean-variance.ts';

const random = seededRandom(1);

/** How likely each output is when answers are drawn evenly from a list, null among them. */
function outputProbabilities(channel: NumericMean, answers: readonly (number | null)[]): number[] {
  const steps = channel.inputs - 2;
  const probabilities = Array.from({ length: channel.outputs }, () => 0);
  const add = (input: number, weight: number): void => {
    for (let output = 0; output < channel.outputs; output += 1)
      probabilities[output]! += weight * channel.probability(input, output);
  };
  for (const answer of answers) {
    const position = (((answer ?? 0) + 1) / 2) * steps;
    const point = Math.min(Math.floor(position), steps - 1);
    if (answer === null) add(0, 1 / answers.length);
    else {
      add(point + 1, (1 - (position - point)) / answers.length);
      add(point + 2, (position - point) / answers.length);
    }
  }
  return probabilities;
}

const populations: (number | null)[][] = [
  [0],
  [1],
  [0.9],
  [-1, 1],
  [0.8, 1, null],
  [-0.5, 0.5, 0.5, null],
  // As salaries are: one in fifty far from all others.
  [1, ...Array.from({ length: 49 }, () => -1)],
];

function truth(answers: readonly (number | null)[]): number {
  const given = answers.filter((answer) => answer !== null);
  return given.reduce((sum, answer) => sum + answer, 0) / given.length;
}

describe('estimateMean', () => {
  it.each([20, 60, 200, 1_000])('covers 95% of the time with %i respondents', (respondents) => {
    const repeats = respondents >= 1_000 ? 200 : 400;
    const least = (respondents < 100 ? 0.95 : 0.94) - 4 * Math.sqrt((0.95 * 0.05) / repeats);
    for (const epsilon of [0.5, 1, 4, 8]) {
      const channel = numericMean({ epsilon });
      for (const answers of populations) {
        const probabilities = outputProbabilities(channel, answers);
        let held = 0;
        for (let repeat = 0; repeat < repeats; repeat += 1) {
          const counts = multinomial(respondents, probabilities, random);
          const { lower, upper } = estimateMean({ channel, counts, minimum: -1, maximum: 1, confidence: 0.95 });
          held += Number(lower <= truth(answers) && truth(answers) <= upper);
        }
        expect(held / repeats, `epsilon ${epsilon}, answers ${answers.join()}`).toBeGreaterThanOrEqual(least);
      }
    }
  });

  it('gives back the truth from expected counts, on any scale', () => {
    for (const epsilon of [0.3, 1, 4]) {
      const channel = numericMean({ epsilon });
      for (const answers of populations) {
        for (const respondents of [50, 5_000_000]) {
          const counts = outputProbabilities(channel, answers).map((probability) => probability * respondents);
          const estimate = estimateMean({ channel, counts, minimum: 1, maximum: 5, confidence: 0.95 });
          expect(estimate.mean).toBeCloseTo(3 + 2 * truth(answers), 8);
          expect(estimate.respondents).toBeCloseTo(respondents, 4);
          expect(estimate.lower).toBeLessThan(estimate.mean);
          expect(estimate.upper).toBeGreaterThan(estimate.mean);
          // With many respondents the interval is the estimate and two standard errors.
          if (respondents > 100)
            expect((estimate.upper - estimate.lower) / 2 / estimate.standardError).toBeCloseTo(1.96, 1);
        }
      }
    }
  });

  it('has the standard error of its mechanism where everybody gives the middle answer', () => {
    const channel = numericMean({ epsilon: 1 });
    const counts = outputProbabilities(channel, [0]).map((probability) => probability * 400);
    const { standardError } = estimateMean({ channel, counts, minimum: -1, maximum: 1, confidence: 0.95 });
    expect(standardError / Math.sqrt(numericMeanVariance(channel, 0) / 400)).toBeCloseTo(1, 3);
  });

  it('inverts Duchi exactly where everybody surely answers', () => {
    // So few "none" that the answering share must be 1: what remains is E[+-1 | a value] = R tanh(epsilon / 2), and
    // four fifths of the error probability for it.
    const channel = numericMean({ epsilon: 0.5, noAnswerEpsilonShare: 0.45 });
    const positive = clopperPearson({ successes: 60, trials: 90, confidence: 0.96 });
    const interval = estimateMean({ channel, counts: [0, 30, 60], minimum: -1, maximum: 1, confidence: 0.95 });
    expect(interval.lower).toBeCloseTo((2 * positive.lower - 1) / Math.tanh(0.25), 9);
    expect(interval.upper).toBeCloseTo((2 * positive.upper - 1) / Math.tanh(0.25), 9);
  });

  it('says nothing where perhaps nobody answers, or of a single report', () => {
    for (const epsilon of [0.5, 1]) {
      const channel = numericMean({ epsilon });
      const nobody = outputProbabilities(channel, [null]);
      for (const respondents of [30, 300]) {
        const counts = nobody.map((probability) => probability * respondents);
        expect(estimateMean({ channel, counts, minimum: 0, maximum: 10, confidence: 0.95 })).toMatchObject({
          lower: -Infinity,
          upper: Infinity,
        });
      }
      const one = nobody.map((_, output) => Number(output === 1));
      expect(estimateMean({ channel, counts: one, minimum: 0, maximum: 10, confidence: 0.95 })).toMatchObject({
        lower: -Infinity,
        upper: Infinity,
      });
    }
  });

  it('refuses what does not fit', () => {
    const channel = numericMean({ epsilon: 0.5 });
    const valid = { channel, counts: [1, 2, 3], minimum: 0, maximum: 1, confidence: 0.95 };
    expect(() => estimateMean({ ...valid, counts: [1, 2] })).toThrow('counts must hold 3 numbers, got 2');
    expect(() => estimateMean({ ...valid, counts: [1, 2, Number.NaN] })).toThrow('counts must be >= 0, got NaN');
    expect(() => estimateMean({ ...valid, counts: [0, 0, 0] })).toThrow('sum of counts must be finite and > 0, got 0');
    expect(() => estimateMean({ ...valid, minimum: 1 })).toThrow('maximum - minimum must be finite and > 0, got 0');
    expect(() => estimateMean({ ...valid, confidence: 0 })).toThrow('confidence must be');
  });
});
