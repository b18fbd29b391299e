import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sampleManifest } from '../testing/sample-manifest.ts';
import { type Answer, ChoraleError, encodeAnswer, namedLetters, questionChannel, surveyChannels } from './index.ts';

const survey = sampleManifest().survey!;
const channels = surveyChannels(survey);
const inputOf = (question: string, answer: Answer) => encodeAnswer(channels.byQuestion.get(question)!, answer);

test('[S4] the drawn questions share the epsilon of the whole record', () => {
  // Two questions at 2.5 each: floor(5 / 2.5).
  expect(channels.questionsPerDevice).toBe(2);
  expect(channels.epsilonPerQuestion).toBe(2.5);
  expect(channels.realizedEpsilon).toBeLessThanOrEqual(survey.epsilon);
  expect(channels.realizedEpsilon).toBeGreaterThan(survey.epsilon - 1e-3);
});

test('[S5] "no answer" is a letter of every channel', () => {
  const outputs = Object.fromEntries([...channels.byQuestion].map(([id, spec]) => [id, spec.channel.outputs]));
  expect(outputs).toMatchObject({ pride: 3, enps: 4, load: 6, leave: 3, place: 3 });
  for (const spec of channels.byQuestion.values()) {
    expect(encodeAnswer(spec, null)).toBe(spec.kind === 'shares' ? spec.noAnswer : 0);
    expect(encodeAnswer(spec, undefined)).toBe(encodeAnswer(spec, null));
  }
});

test('[S5] a question of many letters is reported as a set of them where that has less error', () => {
  const load = survey.questions.find(({ id }) => id === 'load')!;
  const [low, high] = [0.5, 4].map((epsilon) => questionChannel(load, epsilon));
  if (low?.kind !== 'shares' || high?.kind !== 'shares') throw new TypeError('load must have shares');
  // Six letters: pairs at epsilon .5, where e^.5 + 1 = 2.6 goes twice into six.
  expect([low.channel.mechanism, low.channel.outputs]).toEqual(['subset-selection', 15]);
  expect([high.channel.mechanism, high.channel.outputs]).toEqual(['randomized-response', 6]);
  expect(namedLetters(high, 5).map(({ id }) => id)).toEqual(['no-answer']);
  const pairs = Array.from({ length: 15 }, (_, output) => namedLetters(low, output).map(({ id }) => id));
  expect(pairs.every((pair) => pair.length === 2)).toBe(true);
  expect(new Set(pairs.map(String)).size).toBe(15);
});

test('[S5] answers become the letters of what the question is for', () => {
  expect([1, 3, 4, 5].map((a) => inputOf('pride', a))).toEqual([0, 0, 1, 1]);
  expect([0, 6, 7, 8, 9, 10].map((a) => inputOf('enps', a))).toEqual([0, 0, 1, 1, 2, 2]);
  expect([1, 5].map((a) => inputOf('load', a))).toEqual([0, 4]);
  expect([false, true].map((a) => inputOf('leave', a))).toEqual([0, 1]);
  expect(['home', 'office'].map((a) => inputOf('place', a))).toEqual([0, 1]);
});

test('[S5] a number outside its bounds is clamped to them', () => {
  expect(inputOf('salary', 0)).toBe(inputOf('salary', 1000));
  expect(inputOf('salary', 1e9)).toBe(inputOf('salary', 9000));
});

test('[S5] an answer that does not fit is refused before it is randomized', () => {
  const wrong: [string, Answer][] = [
    ['pride', 6],
    ['pride', 2.5],
    ['pride', 'x'],
    ['leave', 1],
    ['place', 'beach'],
    ['salary', Number.NaN],
    ['enps', -1],
    ['load', true],
  ];
  for (const [question, answer] of wrong) {
    expect(() => inputOf(question, answer), `${question} ${String(answer)}`).toThrow(ChoraleError);
  }
});

test('[S5] every accepted answer has an input of its channel', () => {
  const anyAnswer = fc.oneof(fc.integer(), fc.double(), fc.string(), fc.boolean(), fc.constant(null));
  fc.assert(
    fc.property(fc.constantFrom(...channels.byQuestion.keys()), anyAnswer, (question, answer) => {
      const spec = channels.byQuestion.get(question)!;
      try {
        const input = encodeAnswer(spec, answer);
        expect(input).toBeGreaterThanOrEqual(0);
        expect(input).toBeLessThan(spec.channel.inputs);
      } catch (error) {
        expect((error as ChoraleError).code).toBe('ANSWER_INVALID');
      }
    }),
  );
});
