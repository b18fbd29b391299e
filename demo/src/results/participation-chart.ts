import type { Participation, SurveyResults } from '@chorale/protocol';
import * as Plot from '@observablehq/plot';
import { groupLabel } from './group-chart.ts';
import type { Draw } from './plot-figure.ts';
import { rowsChart } from './rows-chart.ts';

/** A bar a group up to the rate's lower bound, and a line on to its upper one. */
export function participationChart(participation: readonly Participation[], groups: SurveyResults['groups']): Draw {
  const rows = participation.map(({ group, rate }) => ({
    label: groupLabel({ group }, groups),
    fill: group === null ? 'var(--ink)' : 'var(--stays)',
    ...rate,
  }));
  const known = rows.filter(({ lower }) => lower !== undefined);
  return rowsChart({
    labels: rows.map(({ label }) => label),
    rowHeight: 28,
    padding: 0.35,
    domain: [0, 1],
    style: { axis: (share) => `${Math.round(100 * share)}%`, label: 'share of the invited who took part' },
    marks: () => [
      Plot.barX(known, { x1: 0, x2: 'lower', y: 'label', fill: 'fill' }),
      Plot.ruleY(known, { x1: 'lower', x2: 'upper', y: 'label', stroke: 'fill', strokeWidth: 3 }),
      Plot.tickX(known, { x: 'upper', y: 'label', stroke: 'fill', strokeWidth: 2 }),
    ],
  });
}
