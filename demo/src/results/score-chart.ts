import type { RoundSummary } from '@chorale/protocol';
import * as Plot from '@observablehq/plot';
import { type Measured, measured, type MeasureStyle } from '../measures.ts';
import type { Draw } from './plot-figure.ts';

export type Score = Measured & { modelRound: number };

/** What the committed evaluations measured, in the order of the model's rounds. */
export function scores(rounds: readonly RoundSummary[]): Score[] {
  return rounds.flatMap(({ kind, state, evaluation, modelRound }) =>
    kind === 'evaluate' && state === 'committed' && evaluation !== null
      ? [{ modelRound, ...measured(evaluation) }]
      : [],
  );
}

/** The measure with its interval, and the one beside it, over committed training rounds. */
export function scoreChart(measurements: readonly Score[], totalRounds: number, style: MeasureStyle): Draw {
  const known = measurements.filter((s) => s.value !== null);
  const bounded = known.filter((s) => s.lower !== null && s.upper !== null);
  const beside = measurements.filter((s) => s.beside !== null);
  // Two labels at the same height would cover each other.
  const apart = (known.at(-1)?.value ?? 0) >= (beside.at(-1)?.beside ?? 0) ? 7 : -7;
  return (width) =>
    Plot.plot({
      width,
      height: Math.min(320, Math.max(220, width * 0.42)),
      marginLeft: 44,
      marginRight: 24 + 7 * Math.max(style.name.length, style.besideName.length),
      marginBottom: 42,
      x: {
        domain: [0, totalRounds],
        label: 'committed rounds',
        labelArrow: 'none',
        labelAnchor: 'center',
        ticks: Math.min(totalRounds, width < 480 ? 4 : 8),
        tickFormat: 'd',
      },
      y: { domain: domainOf(measurements, style), label: null, grid: true, ticks: 5 },
      marks: [
        Plot.ruleY(style.guess === null ? [] : [style.guess], {
          stroke: 'var(--line-strong)',
          strokeDasharray: '3,4',
        }),
        Plot.line(beside, {
          x: 'modelRound',
          y: 'beside',
          stroke: 'var(--leaves)',
          strokeDasharray: '5,4',
          strokeWidth: 1.75,
        }),
        Plot.dot(beside, { x: 'modelRound', y: 'beside', symbol: 'square', fill: 'var(--leaves)', r: 3 }),
        Plot.areaY(bounded, { x: 'modelRound', y1: 'lower', y2: 'upper', fill: 'var(--stays)', fillOpacity: 0.14 }),
        Plot.ruleX(bounded, {
          x: 'modelRound',
          y1: 'lower',
          y2: 'upper',
          stroke: 'var(--stays)',
          strokeOpacity: 0.45,
          strokeWidth: 2,
        }),
        Plot.line(known, { x: 'modelRound', y: 'value', stroke: 'var(--stays)', strokeWidth: 2 }),
        Plot.dot(known, { x: 'modelRound', y: 'value', fill: 'var(--stays)', r: 4 }),
        Plot.text(known.slice(-1), {
          x: 'modelRound',
          y: 'value',
          text: () => style.name,
          dx: 10,
          dy: -apart,
          textAnchor: 'start',
          fill: 'var(--stays)',
          fontWeight: 600,
        }),
        Plot.text(beside.slice(-1), {
          x: 'modelRound',
          y: 'beside',
          text: () => style.besideName,
          dx: 10,
          dy: apart,
          textAnchor: 'start',
          fill: 'var(--leaves)',
          fontWeight: 600,
        }),
      ],
    });
}

/** Shares up to 1, from a little below the lowest; sizes from 0 to a little above the largest. */
function domainOf(measurements: readonly Score[], { range: [, most], guess }: MeasureStyle): [number, number] {
  const shown = measurements
    .flatMap(({ value, lower, upper, beside }) => [value, lower, upper, beside, guess])
    .filter((value) => value !== null);
  if (most === 1) return [Math.max(0, Math.floor(Math.min(...shown) * 10) / 10), 1];
  return [0, Math.min(most, 1.1 * Math.max(...shown))];
}
