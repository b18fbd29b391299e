import type { QuestionResult, ResultCell, ShownBenchmark, SurveyResults } from '@chorale/protocol';
import * as Plot from '@observablehq/plot';
import type { NumberStyle } from './format.ts';
import type { Draw } from './plot-figure.ts';
import { rowsChart } from './rows-chart.ts';
import { shortReason, suppressedText } from './suppressed.ts';

/** Name of a cell's row; all published groups together come first. */
export function groupLabel(cell: Pick<ResultCell, 'group'>, groups: SurveyResults['groups']): string {
  if (cell.group === null) return 'All';
  return groups.values.find(({ id }) => id === cell.group)?.label ?? cell.group;
}

/**
 * One estimate a group, as a dot on its interval, in the study's order: sorting by value would suggest
 * a ranking that overlapping intervals do not support.
 */
export function groupChart(
  result: QuestionResult,
  groups: SurveyResults['groups'],
  { style, estimate }: { style: NumberStyle; estimate: string },
): Draw {
  const rows = result.cells.map((cell) => {
    const found = cell.state === 'published' ? cell.estimates.find(({ id }) => id === estimate) : undefined;
    return { label: groupLabel(cell, groups), all: cell.group === null, found, cell };
  });
  const shown = rows.flatMap(({ found, label, all }) => (found === undefined ? [] : [{ ...found, label, all }]));
  const hidden = rows.flatMap(({ cell, label }) =>
    cell.state === 'suppressed' ? [{ label, text: suppressedText(cell.reason), short: shortReason(cell.reason) }] : [],
  );
  const benchmarks = result.benchmarks.filter((benchmark) => benchmark.estimate === estimate);
  const [lowest, highest] = domain(result, [...shown, ...benchmarks.map(asInterval)]);
  const whole = shown.filter(({ all }) => all);

  return rowsChart({
    labels: rows.map(({ label }) => label),
    rowHeight: 26,
    domain: [lowest, highest],
    style,
    marks: (width) => [
      Plot.rect(whole, { x1: 'lower', x2: 'upper', fill: 'currentColor', fillOpacity: 0.07 }),
      Plot.ruleX(benchmarks, { x: 'value', stroke: 'var(--ink-soft)', strokeWidth: 1.5, strokeDasharray: '5,4' }),
      Plot.link(shown, {
        x1: 'lower',
        x2: 'upper',
        y1: 'label',
        y2: 'label',
        stroke: (d: { all: boolean }) => colour(d),
        strokeWidth: (d: { all: boolean }) => (d.all ? 4 : 2.5),
        strokeLinecap: 'round',
        strokeOpacity: 0.55,
      }),
      Plot.dot(shown, {
        x: 'value',
        y: 'label',
        r: (d: { all: boolean }) => (d.all ? 6 : 4.5),
        fill: (d: { all: boolean }) => colour(d),
      }),
      Plot.text(hidden, {
        x: lowest,
        y: 'label',
        text: width < 360 ? 'short' : 'text',
        textAnchor: 'start',
        dx: 6,
        fill: 'var(--ink-soft)',
        fontStyle: 'italic',
      }),
    ],
  });
}

function colour({ all }: { all: boolean }): string {
  return all ? 'var(--ink)' : 'var(--stays)';
}

function asInterval({ value }: ShownBenchmark): { lower: number; upper: number } {
  return { lower: value, upper: value };
}

/** The whole range for shares and scores; for means the part of it that holds the intervals. */
function domain({ report, range }: QuestionResult, shown: { lower: number; upper: number }[]): [number, number] {
  if (report !== 'mean' || shown.length === 0) return range;
  const lowest = Math.min(...shown.map((s) => s.lower));
  const highest = Math.max(...shown.map((s) => s.upper));
  const margin = (highest - lowest) * 0.05;
  return [Math.max(range[0], lowest - margin), Math.min(range[1], highest + margin)];
}
