import fc from 'fast-check';
import { expect, test } from 'vitest';
import { changesOnly, diffLines } from './manifest-diff.ts';

const texts = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 12 });

test('a diff has both texts in it, each in its order', () => {
  fc.assert(
    fc.property(texts, texts, (before, after) => {
      const lines = diffLines(before, after);
      expect(lines.filter(({ kind }) => kind !== 'added').map(({ text }) => text)).toEqual(before);
      expect(lines.filter(({ kind }) => kind !== 'removed').map(({ text }) => text)).toEqual(after);
    }),
  );
});

test('a diff of equal texts changes nothing, and one line changed is one removed and one added', () => {
  const before = ['a', 'b', 'c'];
  expect(diffLines(before, before).every(({ kind }) => kind === 'same')).toBe(true);
  expect(diffLines(before, ['a', 'x', 'c']).map(({ kind }) => kind)).toEqual(['same', 'removed', 'added', 'same']);
});

test('only changes are shown, with the lines around them', () => {
  const before = Array.from({ length: 20 }, (_, i) => `line ${i}`);
  const shown = changesOnly(diffLines(before, before.with(10, 'changed')), 1);
  expect(shown).toEqual([
    { kind: 'gap', lines: 9 },
    { kind: 'same', text: 'line 9' },
    { kind: 'removed', text: 'line 10' },
    { kind: 'added', text: 'changed' },
    { kind: 'same', text: 'line 11' },
    { kind: 'gap', lines: 8 },
  ]);
});
