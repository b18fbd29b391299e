import * as Plot from '@observablehq/plot';
import type { DriverRow } from './driver-rows.ts';
import { driverWords, formatCorrelation } from './driver-words.ts';
import type { Draw } from './plot-figure.ts';
import { fit } from './rows-chart.ts';

const rowHeight = 52;

/**
 * A correlation a question, as a dot on its interval: filled where it is told from none, open where it is not. Questions
 * stand above their rows, where there is room for them.
 */
export function driversChart(rows: readonly DriverRow[]): Draw {
  const labelled = rows.map(({ question, pair }) => ({ ...pair, id: question.question, text: question.text }));
  const shown = labelled.flatMap((row) => (row.state === 'published' ? [row] : []));
  const hidden = labelled.flatMap((row) => (row.state === 'suppressed' ? [{ ...row, words: driverWords(row) }] : []));
  return (width) =>
    Plot.plot({
      width,
      height: rows.length * rowHeight + 52,
      marginLeft: 12,
      marginRight: 12,
      marginTop: 4,
      marginBottom: 44,
      x: {
        domain: [-1, 1],
        ticks: width < 480 ? 4 : 8,
        tickFormat: formatCorrelation,
        label: width < 480 ? 'correlation' : 'correlation: moves the other way, or with it',
        labelAnchor: 'center',
        labelArrow: 'none',
        grid: true,
      },
      y: { domain: labelled.map(({ id }) => id), axis: null },
      color: { type: 'identity' },
      r: { type: 'identity' },
      marks: [
        Plot.ruleX([0], { stroke: 'var(--ink-soft)', strokeWidth: 1.5 }),
        Plot.text(labelled, {
          x: -1,
          y: 'id',
          text: ({ text }: { text: string }) => fit(text, width - 12),
          textAnchor: 'start',
          dy: -10,
          fill: 'var(--ink)',
          // Lines of the chart end before the words.
          stroke: 'var(--surface)',
          strokeWidth: 5,
        }),
        Plot.link(shown, {
          x1: 'lower',
          x2: 'upper',
          y1: 'id',
          y2: 'id',
          stroke: colour,
          strokeWidth: 3,
          strokeLinecap: 'round',
          strokeOpacity: 0.55,
          dy: 8,
        }),
        Plot.dot(shown, {
          x: 'correlation',
          y: 'id',
          r: 5,
          stroke: colour,
          strokeWidth: 2,
          fill: (row: { significant: boolean }) => (row.significant ? 'var(--stays)' : 'var(--surface)'),
          dy: 8,
        }),
        Plot.text(hidden, {
          x: -1,
          y: 'id',
          text: 'words',
          textAnchor: 'start',
          dy: 8,
          fill: 'var(--ink-soft)',
          fontStyle: 'italic',
        }),
      ],
    });
}

function colour({ significant }: { significant: boolean }): string {
  return significant ? 'var(--stays)' : 'var(--ink-soft)';
}
