/**
 * Solves A x = b for a symmetric positive definite A `[size, size]`, of which the lower triangle is read and overwritten
 * (Cholesky).
 *
 * @throws {RangeError} for a matrix that is not positive definite
 */
export function solvePositive(matrix: readonly Float64Array[], right: ArrayLike<number>): Float64Array {
  const size = matrix.length;
  const x = Float64Array.from(right);
  for (let i = 0; i < size; i += 1) {
    const row = matrix[i]!;
    for (let j = 0; j <= i; j += 1) {
      const other = matrix[j]!;
      let sum = row[j]!;
      for (let k = 0; k < j; k += 1) sum -= row[k]! * other[k]!;
      if (i > j) row[j] = sum / other[j]!;
      else if (sum > 0) row[i] = Math.sqrt(sum);
      else throw new RangeError(`matrix must be positive definite, got ${sum} as pivot ${i}`);
    }
    for (let k = 0; k < i; k += 1) x[i]! -= row[k]! * x[k]!;
    x[i]! /= row[i]!;
  }
  for (let i = size - 1; i >= 0; i -= 1) {
    for (let k = i + 1; k < size; k += 1) x[i]! -= matrix[k]![i]! * x[k]!;
    x[i]! /= matrix[i]![i]!;
  }
  return x;
}
