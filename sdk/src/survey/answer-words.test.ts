import { questionChannel, type QuestionChannel, surveyChannels } from '@chorale/protocol';
import { describe, expect, test } from 'vitest';
import { pulseManifest } from '../testing/pulse-study.ts';
import { type AnswerWords, inputInWords, letterInWords, rawInWords, sentInWords } from './answer-words.ts';

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

  test('what was stored in English is told in another language, down to its letters', () => {
    const german: AnswerWords = {
      yes: 'Ja',
      no: 'Nein',
      noAnswer: 'Keine Angabe',
      below: (point) => `Unter ${point}`,
      atLeast: (point) => `${point} oder mehr`,
      detractor: 'Kritiker',
      passive: 'Passive',
      promoter: 'Fürsprecher',
      countsAs: (value) => `Zählt als ${value}`,
      anyOf: (names) => names.join(' oder '),
      number: (value) => value.toLocaleString('de'),
    };
    const channels = surveyChannels(pulseManifest().survey!);
    const answers = { stay: 5, rest: null, place: 'home', praise: 9, salary: 1234.5 };
    const row = { state: 'sent', text: '', raw: '', input: '', sent: '', keepProbability: null } as const;
    const told = (question: string, channelInput?: number, letter?: number) =>
      sentInWords({ ...row, question, channelInput, letter }, { answers, channels, words: german });
    expect(told('stay', 1, 0)).toMatchObject({ raw: 'Agree (5)', input: '4 oder mehr', sent: 'Unter 4' });
    expect(told('rest', 2, 1)).toMatchObject({ raw: 'Keine Angabe', input: 'Keine Angabe', sent: 'Ja' });
    expect(told('place', 0, 2)).toMatchObject({ raw: 'At home', input: 'At home', sent: 'Keine Angabe' });
    expect(told('praise', 2, 0)).toMatchObject({ raw: '9', input: 'Fürsprecher', sent: 'Kritiker' });
    expect(told('salary', 1, 0)).toMatchObject({ raw: '1.234,5 EUR', input: '0 EUR', sent: 'Keine Angabe' });
    // Records of older versions have no letters, and keep the words that they have.
    expect(told('rest')).toMatchObject({ raw: 'Keine Angabe', input: '', sent: '' });
  });
});
