import { expect, it } from 'vitest';
import { toCsv } from './csv.ts';

it('writes tables as RFC 4180 has them', () => {
  const rows = [
    ['plain', 1.5, true, null],
    ['a "quoted", text', -0.25, false, 'two\nlines'],
  ];
  expect(toCsv(['text', 'number', 'flag', 'more'], rows)).toBe(
    'text,number,flag,more\r\nplain,1.5,true,\r\n"a ""quoted"", text",-0.25,false,"two\nlines"\r\n',
  );
});

it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1'])(
  '[E9] writes %j as a text that no spreadsheet runs',
  (text) => {
    const [, line] = toCsv(['text'], [[text]]).split('\r\n', 2);
    expect(line!.replace(/^"/, '').startsWith("'")).toBe(true);
  },
);

it('leaves numbers numbers, be they negative', () => {
  expect(toCsv(['value'], [[-12]])).toBe('value\r\n-12\r\n');
});
