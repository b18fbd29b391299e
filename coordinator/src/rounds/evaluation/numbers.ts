import type { Evaluation, Label } from '@chorale/protocol';
import { clamp, isReadable, meanInterval, type NoisedCells, rowsOf, sum } from './interval.ts';

/**
 * Of rows that are counted by the size of their error, and then by their label. Each row is taken to be in the middle of
 * its bin. Absolute errors, since squares would count the noise of the cells of large errors, mostly empty, many times as
 * much as that of the others.
 */
export function evaluateNumbers(
  { cells, noiseStddev }: NoisedCells,
  { minimum, maximum }: Label & { type: 'number' },
): Evaluation & { label: 'number' } {
  const bins = cells.length / 2;
  const errors = { cells: cells.slice(0, bins), noiseStddev };
  const labels = { cells: cells.slice(bins), noiseStddev };
  const sizes = errors.cells.map((_, bin) => (bin + 0.5) / bins);
  const squares =
    mean(
      errors,
      sizes.map((size) => size ** 2),
    ) ?? 0;
  const error = meanInterval({ ...errors, values: sizes, variance: (size) => Math.max(0, squares - size ** 2) });
  const center = mean(labels, sizes);
  const spread =
    center === null
      ? null
      : mean(
          labels,
          sizes.map((label) => Math.abs(label - center)),
        );
  const unit = (size: number | undefined): number | null => (size === undefined ? null : size * (maximum - minimum));
  return {
    label: 'number',
    rows: rowsOf(errors.cells),
    error: unit(error?.value),
    errorLower: unit(error?.lower),
    errorUpper: unit(error?.upper),
    spread: unit(spread ?? undefined),
  };
}

/** Mean over rows of their cell's value, in [0, 1]; `null` where noise could account for all of them. */
function mean({ cells, noiseStddev }: NoisedCells, values: readonly number[]): number | null {
  const rows = sum(cells);
  if (!isReadable(rows, noiseStddev * Math.sqrt(cells.length))) return null;
  return clamp(sum(cells.map((count, i) => count * values[i]!)) / rows);
}
