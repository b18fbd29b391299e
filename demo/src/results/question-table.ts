import type { QuestionResult, SurveyResults } from '@chorale/protocol';
import { figure, type NumberStyle, withInterval } from './format.ts';
import { groupLabel } from './group-chart.ts';
import type { Cell, Row, TableContent } from './sortable-table.ts';
import { suppressedText } from './suppressed.ts';

/** Everything that a question's chart shows, and what it does not, in numbers. */
export function questionTable(
  result: QuestionResult,
  { results, style }: { results: SurveyResults; style: NumberStyle },
): TableContent {
  const published = result.cells.find((cell) => cell.state === 'published');
  const estimates = published?.estimates ?? [{ id: '', label: 'Estimate' }];
  const columns = estimates.map(({ id }) => id);
  return {
    caption: `${result.text} Estimates with their 95% intervals.`,
    rowsLabel: results.groups.label,
    columns: [
      ...estimates.map(({ label }) => ({ label })),
      { label: 'Respondents', number: true },
      { label: 'As good as, without noise', number: true },
    ],
    rows: [...benchmarkRows(result, { columns, style }), ...groupRows(result, { results, style, columns })],
  };
}

function groupRows(
  result: QuestionResult,
  { results, style, columns }: { results: SurveyResults; style: NumberStyle; columns: string[] },
): Row[] {
  return result.cells.map((cell): Row => {
    const row = { header: groupLabel(cell, results.groups), pinned: cell.group === null };
    if (cell.state === 'suppressed') {
      const span = columns.length + 2;
      return { ...row, cells: [{ content: suppressedText(cell.reason), order: null, className: 'soft', span }] };
    }
    return {
      ...row,
      cells: [
        ...cell.estimates.map((estimate) => ({
          content: withInterval(estimate, style),
          order: estimate.value,
          className: 'number-text',
        })),
        countCell(cell.respondents),
        countCell(cell.effectiveRespondents),
      ],
    };
  });
}

function countCell(count: number): Cell {
  return { content: Math.round(count).toLocaleString('en'), order: count };
}

/** A row for each source that others' numbers come from. */
function benchmarkRows(
  { benchmarks }: QuestionResult,
  { columns, style }: { columns: string[]; style: NumberStyle },
): Row[] {
  const bySource = Map.groupBy(benchmarks, ({ source, year }) => `${source}, ${year}`);
  return [...bySource].map(([source, values]) => ({
    header: source,
    pinned: true,
    cells: [...columns, '', ''].map((id) => {
      const value = values.find(({ estimate }) => estimate === id)?.value;
      return { content: value === undefined ? '' : figure(style.format(value)), order: null };
    }),
  }));
}
