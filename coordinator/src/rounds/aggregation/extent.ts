/** How far an integer vector reaches. */
export type Extent = {
  /** L2 norm. */
  norm: number;
  /** Least coordinate, 0 at most. */
  least: number;
  /** Greatest coordinate, 0 at least. */
  greatest: number;
};

/**
 * Measures a vector in one pass. Nothing overflows: a square is at most 2^62, and doubles add up 2^900 of them.
 * The sum of squares is exact below 2^53, so a norm up to 2^26 is right to its last bit. Beyond, every step
 * rounds by 2^-53 of the sum at most: a million coordinates leave the norm right to one part in 2^33.
 */
export function measure(vector: Int32Array): Extent {
  let square = 0;
  let least = 0;
  let greatest = 0;
  for (let i = 0; i < vector.length; i += 1) {
    const value = vector[i]!;
    square += value * value;
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  return { norm: Math.sqrt(square), least, greatest };
}
