import { seededRandom } from '../../../../privacy/testing/seeded-random.ts';
import { describe, expect, it } from 'vitest';
import { evaluateTwoValues } from './two-values.ts';

type Scored = { score: number; isPositive: boolean };
const random = seededRandom(20_261);
const uniform = (): number => (random.nextUint32() + 0.5) / 2 ** 32;
const normal = (): number => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
const logistic = (x: number): number => 1 / (1 + Math.exp(-x));

/** Rows whose scores are the better told apart, the larger the shift; one in four is positive. */
function drawRows(count: number, shift: number): Scored[] {
  return Array.from({ length: count }, (_, i) => ({
    score: logistic(normal() + (i % 4 === 0 ? shift / 2 : -shift / 2)),
    isPositive: i % 4 === 0,
  }));
}

function histogramOf(rows: readonly Scored[], bins: number): number[] {
  const histogram = Array.from({ length: 2 * bins }, () => 0);
  for (const { score, isPositive } of rows) {
    histogram[Math.min(bins - 1, Math.floor(score * bins)) + (isPositive ? bins : 0)]! += 1;
  }
  return histogram;
}

function bruteForce(rows: readonly Scored[]): { auc: number; accuracy: number } {
  const positives = rows.filter((r) => r.isPositive);
  const negatives = rows.filter((r) => !r.isPositive);
  let wins = 0;
  for (const p of positives) for (const n of negatives) wins += p.score > n.score ? 1 : p.score === n.score ? 0.5 : 0;
  const right = rows.filter((r) => r.score >= 0.5 === r.isPositive).length;
  return { auc: wins / (positives.length * negatives.length), accuracy: right / rows.length };
}

const noised = (histogram: number[], noiseStddev: number): number[] =>
  histogram.map((count) => count + Math.round(noiseStddev * normal()));
const mean = (values: (number | null)[]): number => values.reduce<number>((sum, v) => sum + v!, 0) / values.length;

/** Whole numbers in these proportions that add up to about `to`. */
const scaled = (counts: number[], to: number): number[] => {
  const sum = counts.reduce((a, b) => a + b, 0);
  return counts.map((count) => Math.round((count * to) / sum));
};

describe('[R12] evaluateTwoValues', () => {
  it('without noise is the brute-force AUC and accuracy of the binned scores', () => {
    for (const [bins, shift] of [
      [2, 1],
      [10, 0.5],
      [20, 2],
      [64, -1],
    ] as const) {
      const rows = drawRows(600, shift);
      const binned = rows.map((r) => ({ ...r, score: (Math.floor(r.score * bins) + 0.5) / bins }));
      const { auc, accuracy } = bruteForce(binned);
      const found = evaluateTwoValues({ cells: histogramOf(rows, bins), noiseStddev: 0 });
      expect(found.auc).toBeCloseTo(auc, 12);
      expect(found.accuracy).toBeCloseTo(accuracy, 12);
      expect(found.rows).toBe(600);
    }
  });

  it('with many bins approaches the brute-force AUC of the raw scores', () => {
    const rows = drawRows(800, 1);
    const found = evaluateTwoValues({ cells: histogramOf(rows, 200), noiseStddev: 0 });
    expect(Math.abs(found.auc! - bruteForce(rows).auc)).toBeLessThan(0.002);
    expect(found.accuracy).toBeCloseTo(bruteForce(rows).accuracy, 12);
  });

  it('counts half of the middle bin as right where the bins are odd', () => {
    // Three negatives and one positive in the middle bin of three; one of each where it belongs.
    expect(evaluateTwoValues({ cells: [1, 3, 0, 0, 1, 1], noiseStddev: 0 }).accuracy).toBeCloseTo(4 / 6, 12);
  });

  it('is not pulled towards one half by noise in empty bins', () => {
    const noiseStddev = 6;
    const histogram = histogramOf(drawRows(2000, 3), 50);
    const exact = evaluateTwoValues({ cells: histogram, noiseStddev: 0 });
    const releases = Array.from({ length: 400 }, () => noised(histogram, noiseStddev));
    const found = releases.map((release) => evaluateTwoValues({ cells: release, noiseStddev }));
    const clipped = releases.map((release) =>
      evaluateTwoValues({ cells: release.map((count) => Math.max(0, count)), noiseStddev }),
    );
    // One AUC has a stddev of about 6 / 500 x sqrt(50 / 4) = .04 by noise, the mean of 400 of .002; six of
    // them. The accuracy's is smaller.
    expect(Math.abs(mean(found.map((f) => f.auc)) - exact.auc!)).toBeLessThan(0.012);
    expect(Math.abs(mean(found.map((f) => f.accuracy)) - exact.accuracy!)).toBeLessThan(0.012);
    // Power: cells set to zero fail the same test by far.
    expect(Math.abs(mean(clipped.map((f) => f.auc)) - exact.auc!)).toBeGreaterThan(0.05);
  });

  it.each([
    { rows: 400, shift: 1, noiseStddev: 0, bins: 20 },
    { rows: 80, shift: 2.5, noiseStddev: 0, bins: 20 },
    { rows: 400, shift: 1, noiseStddev: 5, bins: 10 },
    { rows: 800, shift: 1.5, noiseStddev: 6, bins: 20 },
    { rows: 300, shift: 0, noiseStddev: 3, bins: 10 },
    { rows: 4000, shift: 3, noiseStddev: 20, bins: 40 },
  ])('its interval holds the true AUC 95 times in 100: $rows rows, shift $shift, noise $noiseStddev', (setting) => {
    const { rows, shift, noiseStddev, bins } = setting;
    const truth = evaluateTwoValues({ cells: histogramOf(drawRows(100_000, shift), bins), noiseStddev: 0 }).auc!;
    const repeats = 1000;
    let held = 0;
    let width = 0;
    let spread = 0;
    for (let i = 0; i < repeats; i += 1) {
      const histogram = noised(histogramOf(drawRows(rows, shift), bins), noiseStddev);
      const { auc, aucLower, aucUpper } = evaluateTwoValues({ cells: histogram, noiseStddev });
      if (auc === null || aucLower === null || aucUpper === null) throw new Error('expected a readable histogram');
      if (aucLower <= truth && truth <= aucUpper) held += 1;
      width += (aucUpper - aucLower) / repeats;
      spread += (auc - truth) ** 2 / repeats;
    }
    // A true 95% holds in 950 of 1,000, stddev 6.9; four of them allow for the normal approximation.
    expect(held / repeats).toBeGreaterThan(0.922);
    // Power: an interval much wider than the estimate's own spread would be of no use.
    expect(width).toBeLessThan(2 * 1.96 * Math.sqrt(spread) * 1.4);
  });

  it.each([
    { positives: 4000, negatives: 40_000 },
    { positives: 40_000, negatives: 4000 },
    { positives: 8000, negatives: 8000 },
  ])('its interval covers noise that outweighs sampling: $positives positives, $negatives negatives', (rows) => {
    const bins = 20;
    const noiseStddev = 60;
    const shape = (shift: number): number[] =>
      Array.from({ length: bins }, (_, bin) => Math.exp(-(((bin - bins / 2 - shift) / 5) ** 2)));
    const histogram = [...scaled(shape(-2), rows.negatives), ...scaled(shape(2), rows.positives)];
    const truth = evaluateTwoValues({ cells: histogram, noiseStddev: 0 }).auc!;
    const repeats = 1000;
    const found = Array.from({ length: repeats }, () =>
      evaluateTwoValues({ cells: noised(histogram, noiseStddev), noiseStddev }),
    );
    const held = found.filter((f) => f.aucLower! <= truth && truth <= f.aucUpper!).length;
    const spread = Math.sqrt(mean(found.map((f) => (f.auc! - truth) ** 2)));
    const width = mean(found.map((f) => f.aucUpper! - f.aucLower!));
    // 950 are expected, and somewhat more for the sampling of rows that does not vary here; stddev 6.9.
    expect(held).toBeGreaterThan(925);
    expect(width / (2 * 1.96 * spread)).toBeLessThan(1.2);
  });

  it('keeps an interval of positive width where the labels are told apart perfectly', () => {
    const { auc, aucLower, aucUpper } = evaluateTwoValues({ cells: [30, 0, 0, 10], noiseStddev: 0 });
    expect([auc, aucUpper]).toEqual([1, 1]);
    expect(aucLower).toBeGreaterThan(0.7);
    expect(aucLower).toBeLessThan(0.95);
  });

  it('says nothing where noise could account for all rows of a label', () => {
    const few = evaluateTwoValues({ cells: [4, 1, 0, 0, 0, 3, 1, 0], noiseStddev: 2 });
    expect(few).toMatchObject({ auc: null, aucLower: null, aucUpper: null, accuracy: null });
    expect(evaluateTwoValues({ cells: [-9, -9, 5, 5], noiseStddev: 5 })).toMatchObject({ auc: null, rows: 0 });
    expect(evaluateTwoValues({ cells: [5, 5, 0, 0], noiseStddev: 0 })).toMatchObject({ auc: null, accuracy: 0.5 });
    expect(evaluateTwoValues({ cells: [0, 0, 0, 0], noiseStddev: 0 })).toMatchObject({ auc: null, accuracy: null });
  });

  it('stays within its ranges for any cells', () => {
    for (let i = 0; i < 300; i += 1) {
      const histogram = Array.from({ length: 20 }, () => Math.round(8 * normal() + 5));
      const { auc, accuracy, aucLower, aucUpper } = evaluateTwoValues({ cells: histogram, noiseStddev: 1 });
      for (const share of [auc, accuracy, aucLower, aucUpper]) {
        if (share !== null) expect(share >= 0 && share <= 1).toBe(true);
      }
      if (auc !== null) expect(aucLower! <= auc && auc <= aucUpper!).toBe(true);
    }
  });
});
