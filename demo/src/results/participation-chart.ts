import type { Participation, SurveyResults } from '@chorale/protocol';
import * as Plot from '@observablehq/plot';
import { fit, groupLabel } from './group-chart.ts';
import type { Draw } from './plot-figure.ts';

const rowHeight = 28;

/** A bar a group up to the rate's lower bound, and a line on to its upper one. */
export function participationChart(participation: readonly Participation[], groups: SurveyResults['groups']): Draw {
  const rows = participation.map(({ group, rate }) => ({
    label: groupLabel({ group }, groups),
    fill: group === null ? 'var(--ink)' : 'var(--stays)',
    ...rate,
  }));
  const known = rows.filter(({ lower }) => lower !== undefined);
  return (width) => {
    const labelWidth = Math.min(150, Math.max(96, width * 0.3));
    return Plot.plot({
      width,
      height: rows.length * rowHeight + 56,
      marginLeft: labelWidth,
      marginRight: 16,
      marginTop: 6,
      marginBottom: 44,
      x: {
        domain: [0, 1],
        tickFormat: (share: number) => `${Math.round(100 * share)}%`,
        ticks: Math.max(2, (width - labelWidth) / 70),
        label: 'share of the invited who took part',
        labelArrow: 'none',
        grid: true,
      },
      y: {
        domain: rows.map(({ label }) => label),
        label: null,
        tickSize: 0,
        tickFormat: (label: string) => fit(label, labelWidth),
        padding: 0.35,
      },
      color: { type: 'identity' },
      marks: [
        Plot.barX(known, { x1: 0, x2: 'lower', y: 'label', fill: 'fill' }),
        Plot.ruleY(known, { x1: 'lower', x2: 'upper', y: 'label', stroke: 'fill', strokeWidth: 3 }),
        Plot.tickX(known, { x: 'upper', y: 'label', stroke: 'fill', strokeWidth: 2 }),
      ],
    });
  };
}
