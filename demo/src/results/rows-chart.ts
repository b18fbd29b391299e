import * as Plot from '@observablehq/plot';
import type { NumberStyle } from './format.ts';
import type { Draw } from './plot-figure.ts';

export type RowsChartOptions = {
  /** One a row, from the top, in their order; cut where there is no room. */
  labels: readonly string[];
  /** In CSS pixels. */
  rowHeight: number;
  /** Part of each row's height that stays empty between two bars. */
  padding?: number;
  /** Of the values, from left to right. */
  domain: [number, number];
  style: Pick<NumberStyle, 'axis' | 'label'>;
  /** What is drawn, by the chart's width; colours and radii are given as they are. */
  marks: (width: number) => Plot.Markish[];
};

/** A chart with a row a label, which stands beside it, over one axis of values. */
export function rowsChart({ labels, rowHeight, padding, domain, style, marks }: RowsChartOptions): Draw {
  return (width) => {
    const labelWidth = Math.min(150, Math.max(96, width * 0.3));
    return Plot.plot({
      width,
      height: labels.length * rowHeight + 56,
      marginLeft: labelWidth,
      marginRight: 16,
      marginTop: 6,
      marginBottom: 44,
      x: {
        domain,
        tickFormat: style.axis,
        ticks: Math.max(2, (width - labelWidth) / 70),
        label: style.label,
        labelArrow: 'none',
        grid: true,
      },
      y: {
        domain: labels,
        label: null,
        tickSize: 0,
        tickFormat: (label: string) => fit(label, labelWidth),
        ...(padding === undefined ? {} : { padding }),
      },
      r: { type: 'identity' },
      color: { type: 'identity' },
      marks: marks(width),
    });
  };
}

/** A label cut to the characters that fit, at some eight pixels each; the table holds it whole. */
export function fit(label: string, pixels: number): string {
  const most = Math.floor((pixels - 12) / 7.6);
  return label.length > most ? `${label.slice(0, most - 1)}…` : label;
}
