import { privUnit } from '@chorale/privacy/updates';
import { SeededRandom } from '@chorale/privacy/testing';
import { classMeanSensitivity } from '@chorale/protocol';
import { expect, test } from 'vitest';
import { madeUpRows } from '../../testing/made-up-rows.ts';
import { fitClassMeans, signedRow } from './class-mean-difference.ts';

const normBound = 1.2;
const asked = madeUpRows({ rows: 300, weights: [2, -1, 0.5], bias: 0.3, seed: 2 });
const signed = (row: number): Float64Array =>
  signedRow({ row: asked.rowAt(row), label: asked.labels[row]!, normBound });

test('no two people differ by more than the sensitivity, in units of the bound, and opposite rows differ by as much', () => {
  let largest = 0;
  for (let i = 0; i < asked.rows; i += 1) {
    const one = signed(i);
    for (let j = 0; j < i; j += 1) {
      largest = Math.max(largest, Math.hypot(...signed(j).map((value, k) => value - one[k]!)));
    }
  }
  expect(largest / normBound).toBeLessThanOrEqual(classMeanSensitivity);
  const far = [5, 0, 0];
  const difference = signedRow({ row: far, label: 1, normBound }).map(
    (value, i) => value - signedRow({ row: far, label: 0, normBound })[i]!,
  );
  expect(Math.hypot(...difference) / normBound).toBeCloseTo(classMeanSensitivity, 12);
});

test('without noise it is the difference of the classes, each weighing its share: the gradient at zero, times -2', () => {
  const sum = new Float64Array(3);
  const gradient = new Float64Array(3);
  for (let row = 0; row < asked.rows; row += 1) {
    const x = asked.rowAt(row);
    const scale = Math.min(1, normBound / Math.hypot(...x));
    for (const [i, value] of signed(row).entries()) sum[i]! += value;
    for (let i = 0; i < 3; i += 1) gradient[i]! += ((0.5 - asked.labels[row]!) * scale * x[i]!) / asked.rows;
  }
  const { weights, bias } = fitClassMeans({ sum, rows: asked.rows, features: 3 });
  expect(bias).toBe(0);
  for (let i = 0; i < 3; i += 1) expect(weights[i]).toBeCloseTo(-2 * gradient[i]!, 12);
});

test('with the true share it is the covariance with the label, over the larger weight, however rare the label', () => {
  const rare = madeUpRows({ rows: 400, weights: [1, 0, -1], bias: -2, seed: 6 });
  const expectedShare = rare.labels.reduce((total, label) => total + label, 0) / rare.rows;
  const sum = new Float64Array(3);
  const covariance = new Float64Array(3);
  for (let row = 0; row < rare.rows; row += 1) {
    const label = rare.labels[row]!;
    // An input far from the middle must not matter.
    const x = rare.rowAt(row).map((value, i) => (i === 0 ? 3 + value : value));
    const one = signedRow({ row: x, label, normBound: 10, expectedShare });
    expect(Math.hypot(...one)).toBeLessThanOrEqual(Math.hypot(...x) * (1 + 1e-12));
    for (let i = 0; i < 3; i += 1) {
      sum[i]! += one[i]!;
      covariance[i]! += ((label - expectedShare) * rare.rowAt(row)[i]!) / rare.rows;
    }
  }
  const { weights } = fitClassMeans({ sum, rows: rare.rows, features: 3 });
  for (let i = 0; i < 3; i += 1) expect(weights[i]).toBeCloseTo(covariance[i]! / (1 - expectedShare), 12);
});

test('one PrivUnit report each: their mean is the mean of the rows, within 6.11 standard errors', () => {
  const random = new SeededRandom(3);
  const mechanism = privUnit({ dimension: 3, epsilon: 4, clippingNorm: normBound, candidates: 32 });
  // Four people whose signed rows are alike, so that the mean is as long as it can be.
  const people = [1, 0, 1, 0].map((label) => signedRow({ row: [label === 1 ? 2 : -2, 0, 0], label, normBound }));
  const draws = 5000;
  const sum = new Float64Array(3);
  for (const vector of people) {
    for (let draw = 0; draw < draws; draw += 1) {
      for (const [i, value] of mechanism.decode(mechanism.privatize(vector, random)).entries()) sum[i]! += value;
    }
  }
  const rows = people.length * draws;
  const { weights } = fitClassMeans({ sum, rows, features: 3 });
  // The squared error is that of all coordinates together, so that its root bounds each one's standard deviation.
  const tolerance = 6.11 * Math.sqrt(mechanism.squaredError / rows);
  expect(Math.abs(weights[0]! - normBound)).toBeLessThan(tolerance);
  expect(Math.abs(weights[1]!)).toBeLessThan(tolerance);
  expect(Math.abs(weights[2]!)).toBeLessThan(tolerance);
  // Power: a tenth too much of the signal would be seen.
  expect(0.1 * normBound).toBeGreaterThan(1.5 * tolerance);
});

test.each([
  [() => signedRow({ row: [1, Number.NaN], label: 1, normBound }), 'vector[1] must be finite'],
  [() => signedRow({ row: [1], label: -1, normBound }), 'label must be 0 or 1, got -1'],
  [() => signedRow({ row: [1], label: 1, normBound, expectedShare: 1 }), 'expectedShare must be in (0, 1), got 1'],
  [() => fitClassMeans({ sum: [1], rows: 1, features: 2 }), 'sum must hold 2 numbers, got 1'],
  [() => fitClassMeans({ sum: [1], rows: 0, features: 1 }), 'rows must be an integer >= 1'],
])('%s is refused', (call, message) => {
  expect(call).toThrow(message);
});
