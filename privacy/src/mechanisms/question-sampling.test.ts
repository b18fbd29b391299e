import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { fractionOfDouble } from '../numerics/exponential.ts';
import { questionSampling } from './question-sampling.ts';

const asked = (questions: number, epsilon: number) => questionSampling({ questions, epsilon }).questionsPerDevice;

it('asks as many questions as get an epsilon of 2.5, and at least one', () => {
  expect([asked(5, 1), asked(5, 4.9), asked(5, 5), asked(5, 20), asked(3, 20), asked(1, 20)]).toEqual([
    1, 1, 2, 5, 3, 1,
  ]);
  expect(questionSampling({ questions: 5, epsilon: 5 }).epsilonPerQuestion).toBe(2.5);
});

const exactly = (questions: number, epsilon: number) => {
  const { questionsPerDevice, epsilonPerQuestion } = questionSampling({ questions, epsilon });
  const [whole, wholeOver] = fractionOfDouble(epsilon);
  const [each, eachOver] = fractionOfDouble(epsilonPerQuestion);
  const together = each * BigInt(questionsPerDevice) * wholeOver;
  expect(together <= whole * eachOver).toBe(true);
  expect(epsilon / questionsPerDevice - epsilonPerQuestion).toBeLessThan(1e-14);
};

it('never gives the questions of a device more than epsilon together, in exact arithmetic', () => {
  // A third of 20 rounds up.
  exactly(3, 20);
  fc.assert(fc.property(fc.integer({ min: 1, max: 20 }), fc.double({ min: 1e-3, max: 60, noNaN: true }), exactly), {
    numRuns: 500,
  });
});

it('refuses what it cannot divide', () => {
  for (const [questions, epsilon] of [
    [0, 1],
    [1.5, 1],
    [1, 0],
    [1, Number.NaN],
    [1, Infinity],
  ] as const) {
    expect(() => questionSampling({ questions, epsilon })).toThrow(RangeError);
  }
});
