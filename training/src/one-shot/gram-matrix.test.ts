import { SeededRandom } from '@chorale/privacy/testing';
import { gramLength, gramNorm, gramSensitivity } from '@chorale/protocol';
import { describe, expect, it } from 'vitest';
import { madeUpRows } from '../../testing/made-up-rows.ts';
import { fitGram, gramStatistics } from './gram-matrix.ts';
import { rowNormBound } from './row-bound.ts';
import { solvePositive } from './solve-positive.ts';

const distance = (a: Float64Array, b: Float64Array): number => Math.hypot(...a.map((value, i) => value - b[i]!));
const statistics = (row: number[], label: number, normBound = 1) => gramStatistics({ row, label, normBound });

describe('sensitivity, replace-one', () => {
  it('no two people of a grid of rows and random ones differ by more, and some differ by as much', () => {
    const random = new SeededRandom(1);
    const uniform = (): number => random.nextUint32() / 2 ** 31 - 1;
    // All angles in steps of 7.5 degrees, at several lengths, and rows of five inputs, many longer than the bound.
    const plane = Array.from({ length: 48 * 4 }, (_, i) => {
      const angle = (Math.floor(i / 4) * Math.PI) / 24;
      const length = [1, 0.75, 0.4, 0][i % 4]!;
      return [length * Math.cos(angle), length * Math.sin(angle)];
    });
    const space = Array.from({ length: 150 }, () => Array.from({ length: 5 }, uniform));
    for (const [rows, normBound] of [
      [plane, 1],
      [space, 1],
      [space, 1.4],
    ] as const) {
      const all = rows.flatMap((row) => [0, 1].map((label) => statistics(row, label, normBound)));
      let largest = 0;
      for (const [i, one] of all.entries()) {
        expect(Math.hypot(...one)).toBeLessThanOrEqual(gramNorm * (1 + 1e-12));
        for (const other of all.slice(i + 1)) largest = Math.max(largest, distance(one, other));
      }
      expect(largest).toBeLessThanOrEqual(gramSensitivity * (1 + 1e-12));
      if (rows === plane) expect(largest).toBeGreaterThan(gramSensitivity * (1 - 1e-9));
    }
  });

  it('both kinds of worst pairs reach it', () => {
    expect(distance(statistics([1, 0], 1), statistics([0, 1], 0))).toBeCloseTo(gramSensitivity, 12);
    const [x, y] = [Math.cos((2 * Math.PI) / 3), Math.sin((2 * Math.PI) / 3)];
    expect(distance(statistics([1, 0], 1), statistics([x, y], 1))).toBeCloseTo(gramSensitivity, 12);
    expect(Math.hypot(...statistics([3, 4], 0, 2))).toBeCloseTo(gramNorm, 12);
  });
});

const asked = madeUpRows({ rows: 400, weights: [1, -2, 0.5], bias: -1, seed: 4 });
const normBound = 2;
const sum = new Float64Array(gramLength(3));
for (let row = 0; row < asked.rows; row += 1) {
  const one = gramStatistics({ row: asked.rowAt(row), label: asked.labels[row]!, normBound });
  for (const [i, value] of one.entries()) sum[i]! += value;
}
const fit = { sum, rows: asked.rows, features: 3, normBound, noiseStddev: 0 };

/** X^T W X and X^T r of rows with a 1 at their end. */
function normalEquations(weight: number, residual: (label: number) => number) {
  const matrix = Array.from({ length: 4 }, () => new Float64Array(4));
  const right = new Float64Array(4);
  for (let row = 0; row < asked.rows; row += 1) {
    const x = [...asked.rowAt(row), 1];
    for (let i = 0; i < 4; i += 1) {
      right[i]! += residual(asked.labels[row]!) * x[i]!;
      for (let j = 0; j < 4; j += 1) matrix[i]![j]! += weight * x[i]! * x[j]!;
    }
  }
  return solvePositive(matrix, right);
}

describe('fitGram', () => {
  it('without noise is least squares, from the rows themselves', () => {
    const { weights, bias } = fitGram({ ...fit, model: 'linear' });
    const plain = normalEquations(1, (label) => label);
    for (const [i, value] of [...weights, bias].entries()) expect(value).toBeCloseTo(plain[i]!, 10);
  });

  it('without noise is one Newton step of logistic regression from the share of positives', () => {
    const { weights, bias } = fitGram(fit);
    const share = asked.labels.reduce((total, label) => total + label, 0) / asked.rows;
    const step = normalEquations(share * (1 - share), (label) => label - share);
    step[3]! += Math.log(share / (1 - share));
    for (const [i, value] of [...weights, bias].entries()) expect(value).toBeCloseTo(step[i]!, 10);
  });

  it('where all is noise, the direction is the covariance with the label, divided by the edge of the noise', () => {
    const noiseStddev = 1e6;
    const { weights } = fitGram({ ...fit, noiseStddev, model: 'linear' });
    const edge = (noiseStddev * Math.sqrt(6)) / asked.rows;
    const share = asked.labels.reduce((total, label) => total + label, 0) / asked.rows;
    for (let i = 0; i < 3; i += 1) {
      let covariance = 0;
      for (let row = 0; row < asked.rows; row += 1) {
        covariance += ((asked.labels[row]! - share) * asked.rowAt(row)[i]!) / asked.rows;
      }
      expect(weights[i]! * edge * normBound ** 2).toBeCloseTo(covariance, 10);
    }
  });

  it('the edge holds for the noise that there is: symmetric, and stretched along the diagonal', () => {
    // A sum of noise alone has a covariance of noise alone; with the edge everywhere, weights are its label part over it.
    const features = 40;
    const random = new SeededRandom(5);
    const normal = (): number =>
      Array.from({ length: 12 }, () => random.nextUint32() / 2 ** 32).reduce((a, b) => a + b) - 6;
    const noise = Float64Array.from({ length: gramLength(features) }, normal);
    const rows = 1000;
    const { weights } = fitGram({ sum: noise, rows, features, normBound: 1, noiseStddev: 1, model: 'linear' });
    const triangle = (features * (features + 1)) / 2;
    const edge = Math.sqrt(2 * features) / rows;
    const share = 0.5 + (Math.SQRT2 * noise.at(-1)!) / rows;
    const raised = weights.map((w) => w * edge);
    const plain = weights.map((_, i) => {
      const positive = noise[triangle + i]! / rows;
      return positive - share * (positive + noise[triangle + features + i]! / rows);
    });
    // Nearly all: the edge is where eigenvalues end on average.
    expect(distance(raised, plain) / Math.hypot(...plain)).toBeLessThan(0.02);
  });

  it('a column that never changes, one label alone and noisy counts out of range end in numbers', () => {
    const constant = new Float64Array(gramLength(2));
    for (let row = 0; row < 20; row += 1) {
      for (const [i, value] of statistics([1, row / 20], 1, 2).entries()) constant[i]! += value;
    }
    for (const noiseStddev of [0, 3]) {
      const model = fitGram({ sum: constant, rows: 20, features: 2, normBound: 2, noiseStddev });
      expect([...model.weights, model.bias].every(Number.isFinite)).toBe(true);
    }
    const wild = Float64Array.from({ length: gramLength(2) }, (_, i) => 1000 * Math.sin(i));
    const model = fitGram({ sum: wild, rows: 2, features: 2, normBound: 2, noiseStddev: 500 });
    expect([...model.weights, model.bias].every(Number.isFinite)).toBe(true);
  });
});

describe('bad input is refused', () => {
  it.each([
    [() => statistics([Number.NaN, 1], 1), 'vector[0] must be finite'],
    [() => statistics([1, 1], 2), 'label must be 0 or 1, got 2'],
    [() => statistics([1, 1], 1, 0), 'clippingNorm must be'],
    [() => statistics([], 1), 'features must be an integer >= 1'],
    [() => fitGram({ ...fit, sum: sum.subarray(1) }), 'sum must hold 13 numbers, got 12'],
    [() => fitGram({ ...fit, sum: sum.map(() => Infinity) }), 'sum must hold only finite numbers'],
    [() => fitGram({ ...fit, rows: 1 }), 'rows must be at least 2'],
    [() => fitGram({ ...fit, rows: 1.5 }), 'rows must be an integer'],
    [() => fitGram({ ...fit, noiseStddev: -1 }), 'noiseStddev must be'],
    [() => rowNormBound(0), 'columns must be an integer >= 1, got 0'],
  ])('%s', (call, message) => {
    expect(call).toThrow(message);
  });

  it('the bound of rows follows from the columns alone', () => {
    expect(rowNormBound(30)).toBe(Math.sqrt(15));
  });
});
