import type { SeriesWave, WaveCell } from '@chorale/protocol';
import * as Plot from '@observablehq/plot';
import type { namedBenchmarks } from './benchmark-words.ts';
import { direction } from './change-words.ts';
import type { NumberStyle } from './format.ts';
import type { Draw } from './plot-figure.ts';
import { fit } from './rows-chart.ts';
import { shortReason } from './suppressed.ts';
import { waveNames } from './wave-names.ts';

/** One number of one wave. */
type Point = { wave: string; option: string; value: number; lower: number; upper: number; sign: string };

/** What is written beside a number that differs from the one before it; others have nothing. */
const signs = { rose: '▲ rose', fell: '▼ fell', 'no significant change': '' } as const;

/**
 * A question's numbers over the waves of a series, each answer of a distribution in a row of its own. The band is
 * the 95% interval; it ends where a wave shows no number, and nothing is drawn through the gap. Numbers of others are
 * dotted lines.
 */
export function trendChart(
  cells: readonly WaveCell[],
  {
    waves,
    style,
    range,
    reference,
    benchmarks,
  }: {
    waves: readonly SeriesWave[];
    style: NumberStyle;
    range: [number, number];
    /** All groups together, drawn behind one group. */
    reference: readonly WaveCell[];
    /** Numbers of others, each in the row of its answer. */
    benchmarks: ReturnType<typeof namedBenchmarks>;
  },
): Draw {
  const names = waveNames(waves);
  const points = pointsOf(cells, names);
  const options = [...new Set(points.map(({ option }) => option))];
  const behind = pointsOf(reference, names).filter(({ option }) => options.includes(option));
  const missing = cells.flatMap(({ study, cell }) =>
    cell.state === 'suppressed'
      ? options.map((option) => ({ wave: names.get(study)!, option, text: shortReason(cell.reason) }))
      : [],
  );
  const rules = benchmarks
    .filter(({ option }) => options.includes(option))
    .map(({ option, value }) => ({ option, value, lower: value, upper: value }));
  const several = options.length > 1;
  const place = several ? ({ x: 'wave', fy: 'option' } as const) : ({ x: 'wave' } as const);
  const everyWave = withGaps(points, names, options);
  const domain = domainOf([...points, ...behind, ...rules], range);
  const middle = (domain[0] + domain[1]) / 2;

  return (width) => {
    const longest = Math.max(0, ...options.map((option) => option.length));
    const marginLeft = several ? Math.min(width * 0.3, 24 + longest * 7.6) : 52;
    return Plot.plot({
      width,
      height: several ? options.length * 84 + 40 : Math.min(300, Math.max(210, width * 0.4)),
      marginLeft,
      marginRight: several || rules.length > 0 ? 44 : 20,
      marginTop: 18,
      marginBottom: 30,
      x: {
        type: 'point',
        domain: [...names.values()],
        label: null,
        padding: 0.35,
        tickSize: 0,
        // Side by side they would touch.
        tickFormat: (name: string) => (width < 70 * names.size + marginLeft ? name.replace('Wave ', '') : name),
      },
      y: {
        domain,
        label: null,
        grid: true,
        ticks: several ? 2 : 5,
        tickFormat: style.axis,
        ...(several ? { axis: 'right' as const } : {}),
      },
      ...(several ? { fy: { domain: options, label: null, axis: null, padding: 0.25 } } : {}),
      marks: [
        several
          ? Plot.text(options, {
              fy: (option: string) => option,
              text: (option: string) => fit(option, marginLeft),
              frameAnchor: 'left',
              dx: -marginLeft + 4,
              fill: 'var(--ink)',
            })
          : null,
        Plot.ruleY(rules, {
          ...(several ? { fy: 'option' } : {}),
          y: 'value',
          stroke: 'var(--ink-soft)',
          strokeWidth: 1.5,
          strokeDasharray: '1.5,4',
          strokeLinecap: 'round',
        }),
        // In the margin, where nothing else is drawn; whose number it is stands below the chart.
        Plot.text(several ? [] : rules, {
          y: 'value',
          text: ({ value }: { value: number }) => style.axis(value),
          frameAnchor: 'right',
          textAnchor: 'start',
          dx: 6,
          fill: 'var(--ink)',
        }),
        Plot.line(behind, {
          ...place,
          y: 'value',
          stroke: 'var(--ink-soft)',
          strokeDasharray: '4,4',
          strokeWidth: 1.5,
        }),
        Plot.areaY(everyWave, {
          ...place,
          z: 'option',
          y1: 'lower',
          y2: 'upper',
          fill: 'var(--stays)',
          fillOpacity: 0.16,
        }),
        Plot.line(everyWave, {
          ...place,
          z: 'option',
          y: 'value',
          stroke: 'var(--stays)',
          strokeWidth: 2,
        }),
        Plot.ruleX(points, {
          ...place,
          y1: 'lower',
          y2: 'upper',
          stroke: 'var(--stays)',
          strokeWidth: 2,
          strokeOpacity: 0.6,
        }),
        Plot.dot(points, { ...place, y: 'value', fill: 'var(--stays)', r: 4 }),
        Plot.text(points, {
          ...place,
          y: 'upper',
          text: 'sign',
          dy: -9,
          fill: 'var(--ink)',
          fontWeight: 600,
        }),
        Plot.text(missing, {
          ...place,
          y: middle,
          text: 'text',
          fill: 'var(--ink-soft)',
          fontStyle: 'italic',
        }),
      ],
    });
  };
}

function pointsOf(cells: readonly WaveCell[], names: ReadonlyMap<string, string>): Point[] {
  return cells.flatMap(({ study, cell, change }) => {
    if (cell.state === 'suppressed') return [];
    return cell.estimates.map(({ id, label, value, lower, upper }) => {
      const changed = change?.estimates.find((estimate) => estimate.id === id);
      const sign = changed === undefined ? '' : signs[direction(changed)];
      return { wave: names.get(study)!, option: label, value, lower, upper, sign };
    });
  });
}

/** A point for every wave: one without a number interrupts lines and bands. */
function withGaps(points: readonly Point[], names: ReadonlyMap<string, string>, options: readonly string[]): Point[] {
  return options.flatMap((option) =>
    [...names.values()].map(
      (wave) =>
        points.find((point) => point.wave === wave && point.option === option) ?? {
          wave,
          option,
          value: Number.NaN,
          lower: Number.NaN,
          upper: Number.NaN,
          sign: '',
        },
    ),
  );
}

/** What the intervals reach, and a little more: over time small differences count, so the whole range would hide them. */
function domainOf(
  points: readonly Pick<Point, 'lower' | 'upper'>[],
  [lowest, highest]: [number, number],
): [number, number] {
  if (points.length === 0) return [lowest, highest];
  const from = Math.min(...points.map(({ lower }) => lower));
  const to = Math.max(...points.map(({ upper }) => upper));
  const margin = Math.max((to - from) * 0.15, (highest - lowest) * 0.02);
  return [Math.max(lowest, from - margin), Math.min(highest, to + margin)];
}
