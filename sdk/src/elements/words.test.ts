import { describe, expect, test } from 'vitest';
import ar from './messages/ar.json';
import de from './messages/de.json';
import en from './messages/en.json';
import es from './messages/es.json';
import fr from './messages/fr.json';
import { type Message, type Messages, Words } from './words.ts';

const catalogues: Readonly<Record<string, Messages>> = { ar, de, en, es, fr };

const forms = (message: Message): string[] =>
  typeof message === 'string' ? [message] : Object.values(message).filter((text) => text !== undefined);
const placeholders = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
const bare = (text: string): string => text.replaceAll(/[\u2066-\u2069]/g, '');

describe.each(Object.entries(catalogues))('the texts in %s', (locale, messages) => {
  test('[U3] have exactly English’s keys, in its order', () => {
    expect(Object.keys(messages)).toEqual(Object.keys(en));
  });

  test('[U3] have exactly English’s placeholders, in every plural form', () => {
    for (const [key, message] of Object.entries<Message>(en)) {
      const wanted = new Set(forms(message).flatMap(placeholders));
      const texts = forms(messages[key as keyof Messages]);
      expect(new Set(texts.flatMap(placeholders)), key).toEqual(wanted);
      // A form for exactly one or two may say it in a word.
      wanted.delete('count');
      for (const text of texts)
        expect(
          [...wanted].filter((name) => !placeholders(text).includes(name)),
          text,
        ).toEqual([]);
    }
  });

  test('[U3] have every plural form of the language where they have one', () => {
    const categories = new Intl.PluralRules(locale).resolvedOptions().pluralCategories.toSorted();
    for (const [key, message] of Object.entries<Message>(messages)) {
      if (typeof message !== 'string') expect(Object.keys(message).toSorted(), key).toEqual(categories);
    }
  });
});

const words = (locale: string, messages: Partial<Messages>): Words => new Words(locale, { ...en, ...messages });

describe('a text', () => {
  test('has its values in their places, and numbers as the language writes them', () => {
    const german = words('de', { 'question.position': '{position} von {total}, {unknown}' });
    expect(german.text('question.position', { position: 1234.5, total: 'vielen' })).toBe(
      '1.234,5 von vielen, {unknown}',
    );
  });

  test('has templates between its pieces', () => {
    const strong = { strong: true };
    expect(words('en', {}).parts('group', { label: 'Team', group: strong })).toEqual([
      'Your invitation says: ',
      'Team',
      ' ',
      strong,
      '.',
    ]);
  });

  test.each([
    ['en', { one: 'one', other: 'other' }, ['other', 'one', 'other', 'other', 'other', 'other']],
    [
      'ar',
      { zero: 'zero', one: 'one', two: 'two', few: 'few', many: 'many', other: 'other' },
      ['zero', 'one', 'two', 'few', 'many', 'other'],
    ],
    // A form that somebody forgot.
    ['ar', { one: 'one', other: 'other' }, ['other', 'one', 'other', 'other', 'other', 'other']],
  ])('in %s takes the plural form of its count', (locale, message, expected) => {
    const plural = words(locale, { 'exchange.neverLeft': message });
    expect([0, 1, 2, 3, 11, 100].map((count) => plural.text('exchange.neverLeft', { count }))).toEqual(expected);
  });

  test('from right to left keeps values of another direction together', () => {
    const arabic = new Words('ar', ar);
    expect(arabic.direction).toBe('rtl');
    expect(arabic.text('question.unit', { unit: 'EUR' })).toContain('\u2068EUR\u2069');
    expect(bare(arabic.text('answer.countsAs', { value: 'EUR' }))).toBe('يُحسب على أنه EUR');
    expect([new Words('de', de).direction, new Words('en', en).text('question.unit', { unit: 'EUR' })]).toEqual([
      'ltr',
      'In EUR.',
    ]);
  });

  test('of answers is the language’s own', () => {
    const { answers } = new Words('de', de);
    expect([answers.below(4), answers.noAnswer, answers.anyOf(['a', 'b']), answers.number(1234.5)]).toEqual([
      'Unter 4',
      'Keine Angabe',
      'a oder b',
      '1.234,5',
    ]);
  });
});
