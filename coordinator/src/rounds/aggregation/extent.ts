/** What one pass over an integer vector finds out. */
export type Measured = {
  /** L2 norm, which no coordinate exceeds in magnitude. */
  norm: number;
  /**
   * FNV-1a over the coordinates, 32 bits: tells a message that is repeated from another one. Two that are made to
   * have the same one harm nobody but their sender, so no stronger and slower hash is needed.
   */
  checksum: number;
};

/** FNV-1a's prime and offset for 32 bits (Fowler, Noll, Vo; RFC 9923). */
const FNV = { prime: 0x01000193, offset: 0x811c9dc5 } as const;

/**
 * Measures a vector in one pass. Nothing overflows: a square is at most 2^62, and doubles add up 2^900 of them.
 * The sum of squares is exact below 2^53, so a norm up to 2^26 is right to its last bit. Beyond, every step
 * rounds by 2^-53 of the sum at most: a million coordinates leave the norm right to one part in 2^33.
 */
export function measure(vector: Int32Array): Measured {
  let square = 0;
  let checksum: number = FNV.offset;
  for (let i = 0; i < vector.length; i += 1) {
    const value = vector[i]!;
    square += value * value;
    checksum = Math.imul(checksum ^ value, FNV.prime);
  }
  return { norm: Math.sqrt(square), checksum };
}

/** `measure` that adds weight x vector to a sum on the way: most of what either takes is to read the vector. */
export function measureAndAdd(vector: Int32Array, { sum, weight }: { sum: Float64Array; weight: number }): Measured {
  let square = 0;
  let checksum: number = FNV.offset;
  for (let i = 0; i < vector.length; i += 1) {
    const value = vector[i]!;
    square += value * value;
    checksum = Math.imul(checksum ^ value, FNV.prime);
    sum[i]! += weight * value;
  }
  return { norm: Math.sqrt(square), checksum };
}
