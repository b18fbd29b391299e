import type { EstimateChange } from '@chorale/protocol';
import { expect, test } from 'vitest';
import { changesSentence, changeWords, direction } from './change-words.ts';
import { numberStyle } from './format.ts';

const shares = numberStyle({ report: 'favourable', range: [0, 1] });

function changeOf(change: number, over: Partial<EstimateChange> = {}): EstimateChange {
  return {
    id: 'yes',
    label: 'Yes',
    change,
    lower: change - 0.02,
    upper: change + 0.03,
    pValue: 0.001,
    adjustedPValue: 0.01,
    significant: true,
    ...over,
  };
}

test('a significant change is a direction and a size with its interval, written without signs', () => {
  expect(changeWords(changeOf(0.041), shares)).toBe('rose significantly, by 4.1 points (2.1 to 7.1)');
  expect(changeWords(changeOf(-0.041), shares)).toBe('fell significantly, by 4.1 points (1.1 to 6.1)');
});

test('any other change is called none, and says how large it may be', () => {
  const none = changeOf(0.005, { significant: false });
  expect(direction(none)).toBe('no significant change');
  expect(changeWords(none, shares)).toBe('no significant change (−1.5 to +3.5 points)');
});

test('of several answers those that changed are named, and the others are said to be without', () => {
  const other = changeOf(0, { id: 'no', label: 'No', significant: false });
  expect(changesSentence([other, { ...other, id: 'maybe' }], shares)).toBe('No significant change in any answer.');
  expect(changesSentence([changeOf(0.041), other], shares)).toBe(
    '“Yes” rose significantly, by 4.1 points (2.1 to 7.1); no significant change in the others.',
  );
  expect(changesSentence([other], shares)).toBe('No significant change (−2.0 to +3.0 points).');
});
