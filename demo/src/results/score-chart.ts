import type { RoundSummary } from '@chorale/protocol';
import * as Plot from '@observablehq/plot';
import type { Draw } from './plot-figure.ts';

export type Score = {
  modelRound: number;
  auc: number | null;
  lower: number | null;
  upper: number | null;
  accuracy: number | null;
  rows: number;
};

/** What the committed evaluations measured, in the order of the model's rounds. */
export function scores(rounds: readonly RoundSummary[]): Score[] {
  return rounds.flatMap(({ kind, state, evaluation, modelRound }) =>
    kind === 'evaluate' && state === 'committed' && evaluation !== null
      ? [
          {
            modelRound,
            auc: evaluation.auc,
            lower: evaluation.aucLower,
            upper: evaluation.aucUpper,
            accuracy: evaluation.accuracy,
            rows: evaluation.rows,
          },
        ]
      : [],
  );
}

/** AUC with its interval and accuracy, over committed training rounds. */
export function scoreChart(measured: readonly Score[], totalRounds: number): Draw {
  const known = measured.filter((s) => s.auc !== null);
  const bounded = known.filter((s) => s.lower !== null && s.upper !== null);
  const accurate = measured.filter((s) => s.accuracy !== null);
  // Two labels at the same height would cover each other.
  const apart = (known.at(-1)?.auc ?? 0) >= (accurate.at(-1)?.accuracy ?? 0) ? 7 : -7;
  const lowest = Math.min(0.5, ...bounded.map((s) => s.lower!), ...accurate.map((s) => s.accuracy!));
  return (width) =>
    Plot.plot({
      width,
      height: Math.min(320, Math.max(220, width * 0.42)),
      marginLeft: 44,
      marginRight: 72,
      marginBottom: 42,
      x: {
        domain: [0, totalRounds],
        label: 'committed rounds',
        labelArrow: 'none',
        labelAnchor: 'center',
        ticks: Math.min(totalRounds, width < 480 ? 4 : 8),
        tickFormat: 'd',
      },
      y: { domain: [Math.max(0, Math.floor(lowest * 10) / 10), 1], label: null, grid: true, ticks: 5 },
      marks: [
        Plot.ruleY([0.5], { stroke: 'var(--line-strong)', strokeDasharray: '3,4' }),
        Plot.line(accurate, {
          x: 'modelRound',
          y: 'accuracy',
          stroke: 'var(--leaves)',
          strokeDasharray: '5,4',
          strokeWidth: 1.75,
        }),
        Plot.dot(accurate, { x: 'modelRound', y: 'accuracy', symbol: 'square', fill: 'var(--leaves)', r: 3 }),
        Plot.areaY(bounded, { x: 'modelRound', y1: 'lower', y2: 'upper', fill: 'var(--stays)', fillOpacity: 0.14 }),
        Plot.ruleX(bounded, {
          x: 'modelRound',
          y1: 'lower',
          y2: 'upper',
          stroke: 'var(--stays)',
          strokeOpacity: 0.45,
          strokeWidth: 2,
        }),
        Plot.line(known, { x: 'modelRound', y: 'auc', stroke: 'var(--stays)', strokeWidth: 2 }),
        Plot.dot(known, { x: 'modelRound', y: 'auc', fill: 'var(--stays)', r: 4 }),
        Plot.text(known.slice(-1), {
          x: 'modelRound',
          y: 'auc',
          text: () => 'AUC',
          dx: 10,
          dy: -apart,
          textAnchor: 'start',
          fill: 'var(--stays)',
          fontWeight: 600,
        }),
        Plot.text(accurate.slice(-1), {
          x: 'modelRound',
          y: 'accuracy',
          text: () => 'accuracy',
          dx: 10,
          dy: apart,
          textAnchor: 'start',
          fill: 'var(--leaves)',
          fontWeight: 600,
        }),
      ],
    });
}
