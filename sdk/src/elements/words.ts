import type { AnswerWords } from '../survey/answer-words.ts';
import type english from './messages/en.json';

export type MessageKey = keyof typeof english;
/** A text with `{placeholders}`, or one for each plural form of `{count}` that the language has (CLDR). */
export type Message = string | { readonly [form in Intl.LDMLPluralRule]?: string | undefined };
export type Messages = Readonly<Record<MessageKey, Message>>;
type Values = Readonly<Record<string, unknown>>;

// Scripts that are written from right to left, as far as they are in daily use.
const rightToLeft = /^(?:ar|ckb|dv|fa|he|ks|ps|sd|ug|ur|yi)\b/;

/** The element's texts in one language, with numbers, dates and lists as it writes them. */
export class Words {
  readonly locale: string;
  readonly direction: 'ltr' | 'rtl';
  readonly #messages: Messages;
  readonly #plural: Intl.PluralRules;

  /** @throws RangeError for a locale that is no language tag. */
  constructor(locale: string, messages: Messages) {
    this.locale = locale;
    this.direction = rightToLeft.test(locale) ? 'rtl' : 'ltr';
    this.#messages = messages;
    this.#plural = new Intl.PluralRules(locale);
  }

  text(key: MessageKey, values: Values = {}): string {
    return this.parts(key, values).join('');
  }

  /**
   * The text in pieces, with the values between them, which may be templates; numbers are written out. Whatever
   * direction a value has, it does not turn the text around it.
   */
  parts(key: MessageKey, values: Values): unknown[] {
    const message = this.#messages[key];
    const { count } = values;
    const form = typeof count === 'number' ? this.#plural.select(count) : 'other';
    const text = typeof message === 'string' ? message : (message[form] ?? message.other ?? '');
    // Split by a group: names are at odd places.
    return text.split(/\{(\w+)\}/).flatMap((part, i) => {
      if (i % 2 === 0) return part === '' ? [] : [part];
      const value = values[part];
      if (value === undefined) return [`{${part}}`];
      const written = typeof value === 'number' ? this.number(value) : value;
      return this.direction === 'rtl' ? ['\u2068', written, '\u2069'] : [written];
    });
  }

  /** Whether there is such a text: codes of errors come from outside. */
  has(key: string): key is MessageKey {
    return key in this.#messages;
  }

  number(value: number, options: Intl.NumberFormatOptions = {}): string {
    return value.toLocaleString(this.locale, options);
  }

  /** A number with so many decimals, such as an epsilon. */
  decimals(value: number, digits: number): string {
    return this.number(value, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  }

  percent(share: number): string {
    return this.number(share, { style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 1 });
  }

  time(date: Date): string {
    return date.toLocaleString(this.locale, { dateStyle: 'medium', timeStyle: 'medium' });
  }

  get answers(): AnswerWords {
    return {
      yes: this.text('answer.yes'),
      no: this.text('answer.no'),
      noAnswer: this.text('answer.none'),
      below: (point) => this.text('answer.below', { point }),
      atLeast: (point) => this.text('answer.atLeast', { point }),
      detractor: this.text('answer.detractor'),
      passive: this.text('answer.passive'),
      promoter: this.text('answer.promoter'),
      countsAs: (value) => this.text('answer.countsAs', { value }),
      anyOf: (names) => new Intl.ListFormat(this.locale, { type: 'disjunction' }).format(names),
      number: (value) => this.number(value),
    };
  }
}
