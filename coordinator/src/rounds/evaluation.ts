import type { RoundSummary } from '@chorale/protocol';
import { aucInterval } from './auc-interval.ts';

export type Evaluation = NonNullable<RoundSummary['evaluation']>;

/** A summed score-by-label histogram as it was released. */
export type ReleasedHistogram = {
  /** Rows by score, lowest scores first: `bins` cells of the negatives, then as many of the positives. */
  histogram: ArrayLike<number>;
  /** Stddev of the noise of every cell of the sum; 0 for none. */
  noiseStddev: number;
};

/**
 * Reads ranking quality and accuracy off a noised histogram: post-processing, so it costs nothing. [R12]
 *
 * Cells stay as they were released, negative ones included. AUC and accuracy are sums of cells and of
 * products of independent cells, in which noise of mean zero cancels, while setting negative cells to
 * zero would add rows to empty bins everywhere and pull every AUC towards one half. Only the results are
 * clamped to their range. A number is `null` where the noise could account for all rows of a label.
 *
 * Scores are known by bin alone: ties within a bin count half in the AUC. Accuracy is at the threshold
 * one half; an odd number of bins has its middle bin on both sides of it, half of which counts as right.
 */
export function evaluateHistogram({ histogram, noiseStddev }: ReleasedHistogram): Evaluation {
  const bins = histogram.length / 2;
  if (!Number.isInteger(bins) || bins < 1)
    throw new RangeError(`histogram must have 2 x bins cells, got ${histogram.length}`);
  const cells = Array.from(histogram);
  const negatives = cells.slice(0, bins);
  const positives = cells.slice(bins);
  const negativeRows = total(negatives);
  const positiveRows = total(positives);
  const rows = negativeRows + positiveRows;

  const totalNoise = noiseStddev * Math.sqrt(bins);
  const interval =
    isReadable(negativeRows, totalNoise) && isReadable(positiveRows, totalNoise)
      ? aucInterval({ negatives, positives, noiseStddev })
      : null;
  return {
    auc: interval?.value ?? null,
    aucLower: interval?.lower ?? null,
    aucUpper: interval?.upper ?? null,
    accuracy: isReadable(rows, totalNoise * Math.SQRT2) ? clamp(rightRows(negatives, positives) / rows) : null,
    rows: Math.max(0, Math.round(rows)),
  };
}

/** Stddevs of its noise that a count must exceed before anything is divided by it. */
const READABLE_STDDEVS = 3;

function rightRows(negatives: readonly number[], positives: readonly number[]): number {
  const bins = negatives.length;
  let right = 0;
  for (let bin = 0; bin < bins; bin += 1) {
    // Share of the bin's scores below one half, where bin b holds the scores from b / bins on.
    const below = Math.min(1, Math.max(0, bins / 2 - bin));
    right += negatives[bin]! * below + positives[bin]! * (1 - below);
  }
  return right;
}

function isReadable(count: number, noiseStddev: number): boolean {
  return count >= 1 && count > READABLE_STDDEVS * noiseStddev;
}

function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}
