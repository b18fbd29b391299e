/** `values[k]` is the eigenvalue of the vector `vectors[k]`; the vectors are orthonormal, in no particular order. */
export type SymmetricEigen = { values: Float64Array; vectors: Float64Array[] };

/**
 * Eigenvalues and vectors of a symmetric matrix `[size, size]` of finite numbers, which is left as it is.
 *
 * Cyclic Jacobi rotations: some ten passes of size^3 operations, and as accurate as a sum of squares.
 * @see Golub and Van Loan, Matrix Computations, section 8.5
 */
export function symmetricEigen(matrix: readonly Float64Array[]): SymmetricEigen {
  const size = matrix.length;
  const a = matrix.map((row) => Float64Array.from(row));
  const vectors = matrix.map((_, i) => new Float64Array(size).fill(1, i, i + 1));
  const total = Math.hypot(...a.map((row) => Math.hypot(...row)));
  for (let pass = 0; pass < 50; pass += 1) {
    let outside = 0;
    for (let p = 0; p < size; p += 1) for (let q = p + 1; q < size; q += 1) outside += a[p]![q]! ** 2;
    if (Math.sqrt(outside) <= 1e-15 * total) break;
    for (let p = 0; p < size; p += 1) for (let q = p + 1; q < size; q += 1) rotate(a, vectors, p, q);
  }
  return { values: Float64Array.from(a, (row, i) => row[i]!), vectors };
}

/** Turns the plane of two axes so that their common entry vanishes. */
function rotate(a: Float64Array[], vectors: Float64Array[], p: number, q: number): void {
  const common = a[p]![q]!;
  if (common === 0) return;
  // The smaller root t of t^2 + 2 theta t - 1 = 0 is the tangent of the angle.
  const theta = (a[q]![q]! - a[p]![p]!) / (2 * common);
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
  const cosine = 1 / Math.hypot(t, 1);
  const sine = t * cosine;
  for (const row of a) {
    const x = row[p]!;
    row[p] = cosine * x - sine * row[q]!;
    row[q] = sine * x + cosine * row[q]!;
  }
  for (const pair of [a, vectors]) {
    const first = pair[p]!;
    const second = pair[q]!;
    for (let k = 0; k < first.length; k += 1) {
      const x = first[k]!;
      first[k] = cosine * x - sine * second[k]!;
      second[k] = sine * x + cosine * second[k]!;
    }
  }
}
