import type { DriverPair } from '@chorale/protocol';
import { expect, test } from 'vitest';
import { type AvailableDrivers, driverRows, outcomeOf } from './driver-rows.ts';
import { driverSentence, driverWords, formatCorrelation, refusalSentences } from './driver-words.ts';

const common = {
  study: 'pulse',
  manifest: 'sha256-',
  title: 'Pulse',
  simulated: true,
  epsilon: 10,
  realizedEpsilon: 10,
  confidence: 0.95,
  minimumGroupSize: 10,
  leftOut: [],
};

function published(questions: [string, string], correlation: number, significant = true): DriverPair {
  const interval = { lower: correlation - 0.1, upper: correlation + 0.1 };
  return { questions, state: 'published', correlation, ...interval, pValue: 0.01, adjustedPValue: 0.03, significant };
}

function suppressed(reason: 'too-few' | 'too-uncertain'): DriverPair {
  return { questions: ['a', 'b'], state: 'suppressed', reason };
}

const drivers: AvailableDrivers = {
  ...common,
  state: 'available',
  respondents: 200,
  fewestRespondents: 100,
  questions: [
    { question: 'stay', text: 'Stay?', report: 'favourable' },
    { question: 'recommend', text: 'Recommend?', report: 'enps' },
    { question: 'load', text: 'Load?', report: 'distribution' },
    { question: 'rare', text: 'Rare?', report: 'favourable' },
  ],
  pairs: [
    published(['stay', 'recommend'], -0.2),
    published(['stay', 'load'], 0.1),
    { questions: ['stay', 'rare'], state: 'suppressed', reason: 'too-uncertain' },
    published(['recommend', 'load'], 0.4),
    { questions: ['recommend', 'rare'], state: 'suppressed', reason: 'too-uncertain' },
    published(['load', 'rare'], 0),
  ],
};

test('the outcome is what the address asks for, or an eNPS, or the first question', () => {
  expect(outcomeOf(drivers, 'load').question).toBe('load');
  expect(outcomeOf(drivers, null).question).toBe('recommend');
  expect(outcomeOf(drivers, 'elsewhere').question).toBe('recommend');
  const questions = drivers.questions.filter(({ report }) => report !== 'enps');
  expect(outcomeOf({ ...drivers, questions }, null).question).toBe('stay');
});

test('every other question has its pair with the outcome, whichever of the two comes first', () => {
  const ids = (outcome: string) => driverRows(drivers, outcome).map(({ question }) => question.question);
  expect(ids('recommend')).toEqual(['load', 'stay', 'rare']);
  expect(ids('load')).toEqual(['recommend', 'stay', 'rare']);
  expect(driverRows(drivers, 'rare').map(({ pair }) => pair.state)).toEqual(['published', 'suppressed', 'suppressed']);
});

test('a direction is said only where it is told from chance', () => {
  expect(driverWords(published(['a', 'b'], 0.3))).toBe('moves with it');
  expect(driverWords(published(['a', 'b'], -0.3))).toBe('moves the other way');
  expect(driverWords(published(['a', 'b'], 0.3, false))).toBe('cannot be told from chance and noise');
  expect(driverSentence(published(['a', 'b'], 0.3))).toBe(
    'Moves with it: who is high here tends to be high there, too.',
  );
  expect(driverSentence(published(['a', 'b'], -0.3))).toMatch(/^Moves the other way: .* low there\.$/);
  expect(driverSentence(published(['a', 'b'], 0.3, false))).toBe('Cannot be told from chance and noise.');
  expect([suppressed('too-uncertain'), suppressed('too-few')].map(driverWords)).toEqual([
    'too noisy to say yet',
    'not enough answers yet',
  ]);
});

test('correlations are written with their sign, but nothing has none', () => {
  expect([0.314, -0.5, 0.004, -0.004, 1].map(formatCorrelation)).toEqual(['+0.31', '−0.50', '0.00', '0.00', '+1.00']);
});

test('a study that cannot tell says what it would take', () => {
  const needs = { asked: 8, questionsPerDevice: 1, epsilonForAll: 20 };
  const text = refusalSentences({ ...common, state: 'unavailable', reason: 'sampled', ...needs }).join(' ');
  expect(text).toContain('1 of the 8 questions');
  expect(text).toContain('an epsilon of 2.5 for each question in it, so 20 for these 8');
});
