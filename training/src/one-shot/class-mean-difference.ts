import { boundedRow, checkCount, checkVector, type LinearModel } from './row-bound.ts';

/*
 * The mean of x y, for labels y of +1 and -1: the gradient of logistic regression at zero but for a factor of -1/2, and
 * the difference of the classes' means, each weighing its share. One vector as long as a row: what a single report
 * with local noise can carry. As a direction it takes features for uncorrelated and alike in spread, as nearest centroids
 * do. Where rows lie far from the middle of their scales and one label is rare, it says as much about the rows as about
 * the label. Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, section 18.2; one gradient as a task
 * for one round: Smith, Thakurta and Upadhyay, Is interaction necessary for distributed private learning?, S&P 2017.
 *
 * Sensitivity, L2, of replacing one person: |x y - x' y'| <= |x| + |x'| <= 2 R, which two opposite rows reach. A local
 * randomizer of vectors of norm R (`privUnit` with the clipping norm R) needs nothing else to be known.
 */

/** L2, replace-one, in units of the rows' bound; exact. */
export const classMeanSensitivity = 2;

/**
 * The client's half: the row within its bound, with its sign. Private once a randomizer of that norm has seen it.
 *
 * @param normBound L2 bound on a row, a public constant
 * @throws {RangeError} for a label other than 0 and 1, and for numbers that are not finite
 */
export function signedRow({
  row,
  label,
  normBound,
}: {
  row: ArrayLike<number>;
  label: number;
  normBound: number;
}): Float64Array {
  const sign = label === 1 ? 1 : -1;
  return boundedRow({ row, label, normBound }).map((value) => sign * value);
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
