import { questionChannel } from '@chorale/protocol';
import { expect, it } from 'vitest';
import { questions } from '../../testing/pulse-study.ts';
import { groupTable } from './group-table.ts';
import { type JudgedCell, judgeCell } from './result-cell.ts';

const spec = questionChannel(questions[0]!, 4);

/** A group of which so many out of a hundred letters say yes. */
function cell(group: string | null, yes: number, respondents = 200): JudgedCell {
  const counts = [respondents - (respondents * yes) / 100, (respondents * yes) / 100, 0];
  return judgeCell(spec, { group, published: { respondents, counts, heldBack: false }, maximumMargin: 0.5 });
}

const width = ({ lower, upper }: { lower: number; upper: number }) => upper - lower;

it('[E7] moves the estimates of groups towards each other, small groups most', () => {
  const cells = [cell(null, 50), cell('a', 30), cell('b', 70), cell('c', 50), cell('d', 90, 20)];
  const { cells: shown, spread } = groupTable(spec, cells);
  const [total, a, b, , d] = shown.map((one) => (one.state === 'published' ? one : null));
  expect(total!.shrunken).toBeNull();
  expect(spread).toMatchObject([{ estimate: 'yes', distinguishable: true }]);
  const { mean } = spread[0]!;
  for (const one of [a, b, d]) {
    const [own, moved] = [one!.estimates[0]!, one!.shrunken![0]!];
    expect(Math.abs(moved.value - mean)).toBeLessThan(Math.abs(own.value - mean));
    expect(moved.lower).toBeLessThan(moved.value);
    expect(moved.upper).toBeGreaterThan(moved.value);
  }
  expect(width(d!.shrunken![0]!)).toBeLessThan(width(d!.estimates[0]!));
  expect(d!.shrunken![0]!.weight).toBeLessThan(a!.shrunken![0]!.weight);
});

it('[E7] says that groups cannot be told apart', () => {
  const { spread } = groupTable(
    spec,
    ['a', 'b', 'c', 'd', 'e'].map((group) => cell(group, 50)),
  );
  expect(spread[0]!.distinguishable).toBe(false);
});

it('[E7] shrinks nothing below four groups that show numbers, and shows none that is suppressed', () => {
  const hidden: JudgedCell = { state: 'suppressed', group: 'd', reason: 'too-few' };
  const { cells, spread } = groupTable(spec, [cell('a', 30), cell('b', 70), cell('c', 50), hidden]);
  expect(spread).toEqual([]);
  expect(cells.map((one) => (one.state === 'published' ? one.shrunken : one))).toEqual([null, null, null, hidden]);
});

it('[E7] leaves distributions as they are', () => {
  const choice = questionChannel(questions[3]!, 4);
  const published = { respondents: 200, counts: [120, 60, 20], heldBack: false };
  const judged = ['a', 'b', 'c', 'd'].map((group) => judgeCell(choice, { group, published, maximumMargin: 0.5 }));
  const { cells, spread } = groupTable(choice, judged);
  expect(spread).toEqual([]);
  expect(cells.every((one) => one.state === 'published' && one.shrunken === null)).toBe(true);
});
