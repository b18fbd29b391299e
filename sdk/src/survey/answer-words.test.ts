import { questionChannel, type QuestionChannel, surveyChannels } from '@chorale/protocol';
import { describe, expect, test } from 'vitest';
import { pulseManifest } from '../testing/pulse-study.ts';
import { inputInWords, letterInWords, rawInWords } from './answer-words.ts';

const { byQuestion } = surveyChannels(pulseManifest().survey!);

function spec(id: string): QuestionChannel {
  const found = byQuestion.get(id);
  if (found === undefined) throw new Error(`no question ${id}`);
  return found;
}

describe('answers in words', () => {
  test.each([
    ['stay', 5, 'Agree (5)'],
    ['stay', 1, '1'],
    ['stay', null, 'No answer'],
    ['rest', true, 'Yes'],
    ['place', 'home', 'At home'],
    ['salary', 1234.5, '1234.5 EUR'],
  ])('%s: %s is "%s"', (id, answer, words) => {
    expect(rawInWords(spec(id).question, answer)).toBe(words);
  });

  test('a channel’s input says what the answer counts as', () => {
    expect([0, 1, 2].map((input) => inputInWords(spec('stay'), input))).toEqual(['Below 4', '4 or more', 'No answer']);
    const salary = spec('salary');
    expect(inputInWords(salary, 0)).toBe('No answer');
    expect(inputInWords(salary, 1)).toBe('0 EUR');
    expect(inputInWords(salary, salary.channel.inputs - 1)).toBe('100000 EUR');
  });

  test('a set of letters names them all', () => {
    const scale = { type: 'scale', id: 'load', text: 'Load?', minimum: 1, maximum: 5, report: 'distribution' } as const;
    const load = questionChannel(scale, 0.5);
    const words = Array.from({ length: load.channel.outputs }, (_, output) => letterInWords(load, output));
    expect(words).toContain('2 or 4');
    expect(words).toContain('5 or No answer');
    expect(new Set(words).size).toBe(15);
  });

  test('a mean’s letter counts as a value, as far out as the noise puts it', () => {
    const salary = spec('salary');
    expect(letterInWords(salary, 0)).toBe('No answer');
    const last = letterInWords(salary, salary.channel.outputs - 1);
    expect(last).toMatch(/^Counts as \d+ EUR$/);
    expect(Number(/\d+/.exec(last)?.[0])).toBeGreaterThan(100_000);
  });
});
