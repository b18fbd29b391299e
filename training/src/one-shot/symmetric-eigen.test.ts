import { SeededRandom } from '@chorale/privacy/testing';
import { expect, test } from 'vitest';
import { solvePositive } from './solve-positive.ts';
import { symmetricEigen } from './symmetric-eigen.ts';

function randomSymmetric(size: number, seed: number): Float64Array[] {
  const random = new SeededRandom(seed);
  const matrix = Array.from({ length: size }, () => new Float64Array(size));
  for (let i = 0; i < size; i += 1) {
    for (let j = 0; j <= i; j += 1) {
      const value = random.nextUint32() / 2 ** 31 - 1;
      matrix[i]![j] = value;
      matrix[j]![i] = value;
    }
  }
  return matrix;
}

test.each([1, 2, 7, 50])('vectors are orthonormal and are only stretched, size %i', (size) => {
  const matrix = randomSymmetric(size, size);
  const copy = matrix.map((row) => row.slice());
  const { values, vectors } = symmetricEigen(matrix);
  expect(matrix).toEqual(copy);
  for (const [k, vector] of vectors.entries()) {
    for (const [i, row] of matrix.entries()) {
      const product = row.reduce((sum, value, j) => sum + value * vector[j]!, 0);
      expect(Math.abs(product - values[k]! * vector[i]!)).toBeLessThan(1e-12);
    }
    for (const [l, other] of vectors.entries()) {
      const product = vector.reduce((sum, value, j) => sum + value * other[j]!, 0);
      expect(Math.abs(product - (k === l ? 1 : 0))).toBeLessThan(1e-13);
    }
  }
});

test('known values: [[2, 1], [1, 2]] has 1 and 3, and zeros have zeros', () => {
  const { values } = symmetricEigen([Float64Array.of(2, 1), Float64Array.of(1, 2)]);
  const sorted = values.toSorted();
  expect(sorted[0]).toBeCloseTo(1, 14);
  expect(sorted[1]).toBeCloseTo(3, 14);
  expect(symmetricEigen([new Float64Array(2), new Float64Array(2)]).values).toEqual(new Float64Array(2));
});

test('a positive definite system is solved from its lower triangle, any other refused', () => {
  const factor = randomSymmetric(20, 3);
  const matrix = factor.map((row, i) =>
    Float64Array.from(factor, (other, j) => row.reduce((sum, v, k) => sum + v * other[k]!, i === j ? 0.1 : 0)),
  );
  const right = Float64Array.from({ length: 20 }, (_, i) => Math.cos(i));
  const lower = matrix.map((row, i) => row.map((value, j) => (j > i ? Number.NaN : value)));
  const x = solvePositive(lower, right);
  for (const [i, row] of matrix.entries()) {
    const product = row.reduce((sum, value, j) => sum + value * x[j]!, 0);
    expect(Math.abs(product - right[i]!)).toBeLessThan(1e-10);
  }
  expect(() => solvePositive([Float64Array.of(1, 0), Float64Array.of(2, 1)], [1, 1])).toThrow('positive definite');
});
