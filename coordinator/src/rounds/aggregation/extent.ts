/** What one pass over an integer vector finds out. */
export type Measured = {
  /** L2 norm, which no coordinate exceeds in magnitude. */
  norm: number;
  /**
   * 32 bits of FNV-1a over the coordinates: tells a message that is repeated from another one. Two that are made to
   * have the same one harm nobody but their sender, so no stronger and slower hash is needed.
   */
  checksum: number;
};

/** FNV-1a for 32 bits (Fowler, Noll, Vo; RFC 9923). */
const FNV_PRIME = 0x01000193;
const FNV_OFFSET = 0x811c9dc5;

// Each step of a checksum waits for the one before, so there are two: of every other coordinate, in half the time.

/**
 * Measures a vector in one pass. Nothing overflows: a square is at most 2^62, and doubles add up 2^900 of them.
 * The sum of squares is exact below 2^53, so a norm up to 2^26 is right to its last bit. Beyond, every step
 * rounds by 2^-53 of the sum at most: a million coordinates leave the norm right to one part in 2^33.
 */
export function measure(vector: Int32Array): Measured {
  let square = 0;
  let even = FNV_OFFSET;
  let odd = FNV_OFFSET;
  const last = vector.length - 1;
  for (let i = 0; i < last; i += 2) {
    const value = vector[i]!;
    const next = vector[i + 1]!;
    square += value * value + next * next;
    even = Math.imul(even ^ value, FNV_PRIME);
    odd = Math.imul(odd ^ next, FNV_PRIME);
  }
  return measured(vector, { square, even, odd });
}

/** `measure` that adds factor x vector to a sum on the way: most of what either takes is to read the vector. */
export function measureAndAdd(vector: Int32Array, { sum, factor }: { sum: Float64Array; factor: number }): Measured {
  // Known to be doubles, so that products are not watched for overflow and negative zero. Times one, a coordinate is made
  // a double once for its square and its share in the sum: a quarter of the time.
  const doubles = Float64Array.of(1, factor);
  const one = doubles[0]!;
  const times = doubles[1]!;
  let square = 0;
  let even = FNV_OFFSET;
  let odd = FNV_OFFSET;
  const last = vector.length - 1;
  for (let i = 0; i < last; i += 2) {
    const value = vector[i]!;
    const next = vector[i + 1]!;
    const double = one * value;
    const nextDouble = one * next;
    square += double * double + nextDouble * nextDouble;
    even = Math.imul(even ^ value, FNV_PRIME);
    odd = Math.imul(odd ^ next, FNV_PRIME);
    sum[i]! += times * double;
    sum[i + 1]! += times * nextDouble;
  }
  if (last % 2 === 0) sum[last]! += times * vector[last]!;
  return measured(vector, { square, even, odd });
}

/** What the pairs of a vector came to, with its last coordinate where that has no other. */
function measured(vector: Int32Array, { square, even, odd }: { square: number; even: number; odd: number }): Measured {
  const single = vector.length % 2 === 0 ? null : vector.at(-1)!;
  const whole = single === null ? even : Math.imul(even ^ single, FNV_PRIME);
  return {
    norm: Math.sqrt(square + (single ?? 0) ** 2),
    checksum: Math.imul(whole, FNV_PRIME) ^ odd,
  };
}
