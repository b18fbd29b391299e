import type { QuestionResult, SurveyResults } from '@chorale/protocol';
import * as Plot from '@observablehq/plot';
import type { NumberStyle } from './format.ts';
import { groupLabel } from './group-chart.ts';
import type { Draw } from './plot-figure.ts';
import { rowsChart } from './rows-chart.ts';

/**
 * Shares of every option in one group, each a dot on its interval, with all groups together behind it
 * as open dots. Stacked bars would hide the margins, which differ between options.
 */
export function distributionChart(
  result: QuestionResult,
  groups: SurveyResults['groups'],
  { style, group, options }: { style: NumberStyle; group: string | null; options: readonly string[] },
): Draw {
  const estimatesOf = (wanted: string | null) => {
    const cell = result.cells.find((c) => c.group === wanted);
    if (cell?.state !== 'published') return [];
    return cell.estimates.map((estimate) => ({ ...estimate, name: groupLabel(cell, groups) }));
  };
  const chosen = estimatesOf(group);
  const reference = group === null ? [] : estimatesOf(null);
  const benchmarks = result.benchmarks.flatMap(({ estimate, value }) => {
    const label = [...chosen, ...reference].find(({ id }) => id === estimate)?.label;
    return label === undefined ? [] : [{ label, value }];
  });
  const colour = group === null ? 'var(--ink)' : 'var(--stays)';

  return rowsChart({
    labels: options,
    rowHeight: 34,
    domain: [0, 1],
    style,
    marks: () => [
      Plot.link(chosen, {
        x1: 'lower',
        x2: 'upper',
        y1: 'label',
        y2: 'label',
        stroke: colour,
        strokeWidth: 3.5,
        strokeLinecap: 'round',
        strokeOpacity: 0.55,
      }),
      Plot.tickX(benchmarks, {
        x: 'value',
        y: 'label',
        stroke: 'var(--ink-soft)',
        strokeWidth: 2,
        strokeDasharray: '5,4',
      }),
      Plot.dot(reference, { x: 'value', y: 'label', r: 5.5, stroke: 'var(--ink)', strokeWidth: 1.5, fill: 'none' }),
      Plot.dot(chosen, { x: 'value', y: 'label', r: 5, fill: colour }),
    ],
  });
}
