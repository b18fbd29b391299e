import type { Evaluation } from '@chorale/protocol';
import { accuracyOf, clamp, type NoisedCells, rowsOf, sum } from './interval.ts';

/** Of rows that are counted by their label, and within it by the likeliest category. */
export function evaluateCategories({ cells, noiseStddev }: NoisedCells): Evaluation & { label: 'category' } {
  const categories = Math.sqrt(cells.length);
  const right = cells.map((_, i) => Number(Math.floor(i / categories) === i % categories));
  const accuracy = accuracyOf({ cells, noiseStddev }, right);
  const ofLabel = Array.from({ length: categories }, (_, i) => sum(cells.slice(i * categories, (i + 1) * categories)));
  const mostFrequent = clamp(Math.max(...ofLabel) / sum(cells));
  return {
    label: 'category',
    rows: rowsOf(cells),
    ...accuracy,
    mostFrequent: accuracy.accuracy === null ? null : mostFrequent,
  };
}
