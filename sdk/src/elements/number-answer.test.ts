import { expect, test } from 'vitest';
import { parseAmount } from './number-answer.ts';

test.each([
  ['', null],
  ['  ', null],
  ['3200', 3200],
  ['3 200', 3200],
  ['3\u00a0200', 3200],
  ["3'200", 3200],
  ['3,200', 3200],
  ['3.200', 3200],
  ['1.234.567', 1234567],
  ['4.200,50', 4200.5],
  ['4,200.50', 4200.5],
  ['3200.5', 3200.5],
  ['3200,5', 3200.5],
  ['0,125', 0.125],
  ['4200.125', 4200.125],
  ['-5', -5],
  ['٤٢٠٠٫٥', 4200.5],
  ['٤٬٢٠٠', 4200],
  ['۴۲۰۰', 4200],
])('an amount typed as %j reads as %j', (text, amount) => {
  expect(parseAmount(text)).toBe(amount);
});

test.each(['three thousand', '3k', '1,2,3', '3200 EUR', '1.234,567.8', '--5', 'NaN', 'Infinity', '1e9'])(
  'an amount typed as %j is refused, not guessed',
  (text) => {
    expect(() => parseAmount(text)).toThrow(RangeError);
  },
);
