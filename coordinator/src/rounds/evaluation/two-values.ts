import type { Evaluation } from '@chorale/protocol';
import { aucInterval } from './auc-interval.ts';
import { accuracyOf, isReadable, type NoisedCells, rowsOf, sum } from './interval.ts';

/**
 * Scores are known by bin alone: ties within a bin count half in the AUC. Accuracy is at the threshold one half; an odd
 * number of bins has its middle bin on both sides of it, half of which counts as right.
 */
export function evaluateTwoValues({ cells, noiseStddev }: NoisedCells): Evaluation & { label: 'binary' } {
  const bins = cells.length / 2;
  const negatives = cells.slice(0, bins);
  const positives = cells.slice(bins);
  const labelNoise = noiseStddev * Math.sqrt(bins);
  const auc =
    isReadable(sum(negatives), labelNoise) && isReadable(sum(positives), labelNoise)
      ? aucInterval({ negatives, positives, noiseStddev })
      : null;
  // Share of a bin's scores below one half, where bin b holds the scores from b / bins on.
  const below = negatives.map((_, bin) => Math.min(1, Math.max(0, bins / 2 - bin)));
  const right = [...below, ...below.map((share) => 1 - share)];
  return {
    label: 'binary',
    rows: rowsOf(cells),
    auc: auc?.value ?? null,
    aucLower: auc?.lower ?? null,
    aucUpper: auc?.upper ?? null,
    ...accuracyOf({ cells, noiseStddev }, right),
  };
}
