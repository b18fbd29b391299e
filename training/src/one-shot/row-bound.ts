import { clip } from '@chorale/privacy/updates';

/** A model whose log odds, or share, of a row are `weights . row + bias`; the weights `[features]`. */
export type LinearModel = { weights: Float64Array; bias: number };

/**
 * The L2 norm that rows are clipped to, from the manifest alone: each column adds at most 1 to the square of a row's norm
 * (a number or ordinal in [-1, 1], or one category of several), and about half of that where values are spread evenly.
 * Noise grows with the bound, so that half of the largest square is clipped to, not all of it.
 *
 * @param columns of the manifest, not inputs; integer >= 1
 * @throws {RangeError} outside
 */
export function rowNormBound(columns: number): number {
  if (!Number.isSafeInteger(columns) || columns < 1) {
    throw new RangeError(`columns must be an integer >= 1, got ${columns}`);
  }
  return Math.sqrt(columns / 2);
}

/** One person's row and label, 0 or 1, and the public L2 bound on rows. */
export type LabelledRow = { row: ArrayLike<number>; label: number; normBound: number };

/**
 * A row within its bound; the bound and the label are checked as well, before anything leaves the device.
 *
 * @throws {RangeError} for a label other than 0 and 1, a bound that is not finite and > 0, and numbers that are not finite
 */
export function boundedRow({ row, label, normBound }: LabelledRow): Float64Array {
  if (label !== 0 && label !== 1) throw new RangeError(`label must be 0 or 1, got ${label}`);
  const clipped = clip(row, normBound);
  // Sensitivities are exact for norms up to the bound; what the rounding of a norm left above it is taken off.
  return Math.hypot(...clipped) > normBound ? clipped.map((value) => value * (1 - 2 ** -48)) : clipped;
}

/** @throws {RangeError} unless all of it is finite and has the expected length. */
export function checkVector(name: string, vector: ArrayLike<number>, length: number): void {
  if (vector.length !== length) throw new RangeError(`${name} must hold ${length} numbers, got ${vector.length}`);
  for (let i = 0; i < length; i += 1) {
    if (!Number.isFinite(vector[i]))
      throw new RangeError(`${name} must hold only finite numbers, got ${vector[i]} at ${i}`);
  }
}

/** @throws {RangeError} unless it is a whole number of at least 1. */
export function checkCount(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`${name} must be an integer >= 1, got ${value}`);
}
