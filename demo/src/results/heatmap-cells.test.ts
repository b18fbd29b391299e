import type { QuestionResult, ResultCell } from '@chorale/protocol';
import { expect, test } from 'vitest';
import { heatmapCell } from './heatmap-cells.ts';
import { toneOf, toneWords } from './heatmap-scale.ts';

function published(group: string | null, value: number, shrunkenTo: number | null = null): ResultCell {
  const estimate = { id: 'yes', label: 'Yes', lower: value - 0.1, upper: value + 0.05, value };
  const shrunken =
    shrunkenTo === null
      ? null
      : [{ ...estimate, value: shrunkenTo, lower: shrunkenTo - 0.02, upper: shrunkenTo + 0.03, weight: 0.5 }];
  return { state: 'published', group, respondents: 10, estimates: [estimate], shrunken, effectiveRespondents: 5 };
}

function columnOf(cells: ResultCell[]): Parameters<typeof heatmapCell>[0] {
  const question: QuestionResult = {
    question: 'leave',
    text: 'Do you mean to leave?',
    report: 'favourable',
    range: [0, 1],
    mechanism: 'randomized-response',
    epsilon: 1,
    realizedEpsilon: 1,
    cells,
    spread: [],
    benchmarks: [],
  };
  return { question, estimate: 'yes', label: 'Yes' };
}

test('a group shows its shrunken estimate with the farther end of that interval, coloured by its distance from all', () => {
  const column = columnOf([published(null, 0.5), published('sales', 0.9, 0.6)]);
  expect(heatmapCell(column, 'sales')).toMatchObject({
    state: 'shown',
    value: { value: 0.6 },
    tone: 2,
  });
  expect(heatmapCell(column, 'sales')).toMatchObject({ margin: expect.closeTo(0.03) as number });
});

test('without shrunken estimates a group shows its own', () => {
  const column = columnOf([published(null, 0.5), published('sales', 0.3)]);
  expect(heatmapCell(column, 'sales')).toMatchObject({ value: { value: 0.3 }, tone: -3 });
});

test('all together is compared with nothing, and neither is anybody while it is not published', () => {
  expect(heatmapCell(columnOf([published(null, 0.5)]), null)).toMatchObject({ tone: null });
  const alone = columnOf([{ state: 'suppressed', group: null, reason: 'too-uncertain' }, published('sales', 0.5)]);
  expect(heatmapCell(alone, 'sales')).toMatchObject({ state: 'shown', tone: null });
});

test.each(['too-few', 'too-uncertain', 'too-similar'] as const)('[E3] a cell that is %s has no number', (reason) => {
  const column = columnOf([published(null, 0.5), { state: 'suppressed', group: 'sales', reason }]);
  expect(heatmapCell(column, 'sales')).toEqual({ state: 'suppressed', reason });
});

test('tones grow with the distance as a share of the scale, the same both ways, and each has words', () => {
  const scores = { whole: 10, scale: 200 };
  expect([-100, -20, -2, 10, 15, 25, 35, 90].map((value) => toneOf(value, scores))).toEqual([
    -3, -2, -1, 0, 0, 1, 2, 3,
  ]);
  expect(new Set(toneWords.map(({ words }) => words)).size).toBe(7);
});
