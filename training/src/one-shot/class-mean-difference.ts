import { boundedRow, checkCount, checkVector, type LinearModel } from './row-bound.ts';

/*
 * The mean of x s(y): s is +1 and -1 for the two labels where they are expected to be as frequent, and else the
 * difference of label and expected share, so that s is 0 on average. It is the gradient of logistic regression at that
 * share, but for a factor, and the difference of the classes' means as far as the share is right: where it is wrong, the
 * mean row is left in it by as much. One vector as long as a row: what a single report with local noise can carry. As a
 * direction it takes features for uncorrelated and alike in spread, as nearest centroids do. Hastie, Tibshirani and
 * Friedman, The Elements of Statistical Learning, section 18.2; one gradient as a task for one round: Smith, Thakurta and
 * Upadhyay, Is interaction necessary for distributed private learning?, S&P 2017.
 *
 * Sensitivity, L2, of replacing one person: the larger |s| is 1, and |x s - x' s'| <= |x| + |x'| <= 2 R, which two opposite
 * rows of that label reach: `classMeanSensitivity` of the protocol. A local randomizer of vectors of norm R (`privUnit` with
 * the clipping norm R) needs nothing
 * else to be known.
 */

/**
 * The client's half: the row within its bound, weighed by its label. Private once a randomizer of that norm has seen it.
 *
 * @param normBound L2 bound on a row, a public constant
 * @param expectedShare of label 1, in (0, 1): a public constant, known without the data, such as last year's
 * @throws {RangeError} for a label other than 0 and 1, a share out of range, and for numbers that are not finite
 */
export function signedRow({
  row,
  label,
  normBound,
  expectedShare = 0.5,
}: {
  row: ArrayLike<number>;
  label: number;
  normBound: number;
  expectedShare?: number | undefined;
}): Float64Array {
  if (!(expectedShare > 0 && expectedShare < 1)) {
    throw new RangeError(`expectedShare must be in (0, 1), got ${expectedShare}`);
  }
  const weight = (label - expectedShare) / Math.max(expectedShare, 1 - expectedShare);
  return boundedRow({ row, label, normBound }).map((value) => weight * value);
}

/**
 * The server's half: the mean direction. It orders rows and gives no probability; the bias is 0.
 *
 * @param sum of `rows` signed rows, decoded where each was randomized
 * @throws {RangeError} for a sum of another length or with numbers that are not finite
 */
export function fitClassMeans({
  sum,
  rows,
  features,
}: {
  sum: ArrayLike<number>;
  rows: number;
  features: number;
}): LinearModel {
  checkVector('sum', sum, features);
  checkCount('rows', rows);
  return { weights: Float64Array.from(sum, (value) => value / rows), bias: 0 };
}
